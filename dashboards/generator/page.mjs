// A dashboard around its panels: variables, marks of update runs, links, and what never changes.

import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

import { BAD, BUSY, DATASOURCE, GOOD, WARN, agent, connector } from './words.mjs';

/**
 * @param {string} name
 * @param {string} label
 * @param {string} query
 * @param {string} [allValue] what "All" finds; without one, exactly what can be chosen
 */
const choice = (name, label, query, allValue, description = '') => {
  const variable = new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .query(query)
    .definition(query)
    .datasource(DATASOURCE)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: 'All', value: '$__all' })
    .options([])
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalAsc);
  return allValue ? variable.allValue(allValue) : variable;
};

/**
 * The variables, each narrowed by those before it.
 *
 * @param {{connectors?: string | null}} options matchers of the connectors to choose from, or
 *   null if the dashboard has none
 */
const variables = ({ connectors = '' }) => {
  const chosen = [
    new dashboard.DatasourceVariableBuilder('datasource')
      .label('Data source')
      .description('A Prometheus, or what speaks like one.')
      .type('prometheus')
      .current({ selected: true, text: 'default', value: 'default' })
      .regex('')
      .multi(false)
      .includeAll(false),
    choice('job', 'Job', 'label_values(ztna_build_info, job)', '.+'),
    // The label is the operator's: a target without it has none, and `.*` finds it too.
    choice(
      'site',
      'Site',
      'label_values(ztna_build_info{job=~"$job"}, site)',
      '.*',
      'The label `site` of the scrape configuration, if targets have one.',
    ),
    choice(
      'instance',
      'Instance',
      'label_values(ztna_build_info{job=~"$job", site=~"$site"}, instance)',
      '.+',
    ),
  ];
  if (connectors === null) return chosen;
  const names = `label_values(${agent('ztna_connector_info', connectors)}, connector)`;
  // Where only some kinds can be chosen, "All" must not find the others.
  return [...chosen, choice('connector', 'Connector', names, connectors ? undefined : '.*')];
};

/** How the agents' own pages are asked, runbooks among them. */
const scheme = () =>
  new dashboard.CustomVariableBuilder('scheme')
    .label("Agents' pages")
    .description('Whether the agents serve their pages, to which links lead, with TLS.')
    .values('http,https')
    .current({ selected: true, text: 'http', value: 'http' })
    .options(
      ['http', 'https'].map((word) => ({ selected: word === 'http', text: word, value: word })),
    )
    .multi(false)
    .includeAll(false);

/**
 * Marks of update runs on every graph: the run itself as a span, its bad ends as moments.
 * Moments are the log lines' own: their time is the value.
 *
 * @param {(name: string, more?: string) => string} series
 */
const updateMarks = (series) => {
  const moment = (/** @type {string} */ event) =>
    `1000 * ${series('ztna_event_last_timestamp_seconds', `event="${event}"`)}`;
  /** @type {[string, string, string, boolean][]} */
  const marks = [
    ['Update running', BUSY, `${series('ztna_update_state', 'state="running"')} == 1`, false],
    ['Update succeeded', GOOD, moment('update.succeeded'), true],
    ['Update failed', WARN, moment('update.failed'), true],
    ['Not back after the update', BAD, moment('update.reconnect_failed'), true],
  ];
  return marks.map(([name, color, expression, isMoment]) =>
    new dashboard.AnnotationQueryBuilder()
      .name(name)
      .datasource(DATASOURCE)
      .enable(true)
      .iconColor(color)
      .expr(expression)
      .step('60s')
      .titleFormat(name)
      .textFormat('{{connector}} ({{instance}})')
      .tagKeys('connector,instance')
      .useValueForTime(isMoment),
  );
};

/** The dashboards, and the way from each to all. */
const siblings = () =>
  new dashboard.DashboardLinkBuilder('Zero-trust connectors')
    .type(dashboard.DashboardLinkType.Dashboards)
    .tags(['ztna'])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);

const upwards = () =>
  new dashboard.DashboardLinkBuilder('Up: overview')
    .type(dashboard.DashboardLinkType.Link)
    .icon('dashboard')
    .tooltip('All connectors')
    .url('/d/ztna-overview')
    .includeVars(true)
    .keepTime(true);

/**
 * @typedef {object} Page
 * @property {string} uid fixed, so that links and bookmarks last
 * @property {string} title
 * @property {string} description
 * @property {string | null} [connectors]
 * @property {(dashboard.RowBuilder | {build(): any})[]} panels
 */

/** One dashboard as Grafana reads it. @param {Page} page */
export const page = ({ uid, title, description, connectors, panels }) => {
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .id(null)
    .description(description)
    .tags(['ztna'])
    .timezone('browser')
    .readonly()
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .links(uid === 'ztna-overview' ? [siblings()] : [upwards(), siblings()])
    .annotations(updateMarks(connectors === null ? agent : connector))
    .variables([...variables({ connectors }), scheme()]);
  for (const panel of panels) {
    if (panel instanceof dashboard.RowBuilder) builder.withRow(panel);
    else builder.withPanel(panel);
  }
  return finished(builder.build());
};

/**
 * What the builders leave out or add to much: ids, and fields of other kinds of variables.
 *
 * @param {dashboard.Dashboard} built
 */
const finished = (built) => {
  (built.panels ?? []).forEach((panel, index) => {
    panel.id = index + 1;
  });
  for (const variable of built.templating?.list ?? []) {
    for (const foreign of ['auto', 'auto_min', 'auto_count'])
      Reflect.deleteProperty(variable, foreign);
  }
  // Links and switches of annotations belong on the page, not into a menu.
  for (const one of [...(built.links ?? []), ...(built.annotations?.list ?? [])]) {
    Reflect.deleteProperty(one, 'placement');
  }
  return built;
};

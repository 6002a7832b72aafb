// The looks of panels: numbers, graphs, bars, timelines, rankings and tables.
//
// A kind of panel looks the same on every dashboard. A panel without description is refused
// here, and not by its reader.

import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as statetimeline from '@grafana/grafana-foundation-sdk/statetimeline';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

import {
  BAD,
  BUSY,
  DATASOURCE,
  GOOD,
  MIND,
  STEP_OF_BARS,
  UNKNOWN,
  WARN,
  mappingsOf,
  neutral,
} from './words.mjs';

/** @param {string} expression @param {string} legend @param {string} refId */
const overTime = (expression, legend, refId) =>
  new prometheus.DataqueryBuilder()
    .refId(refId)
    .expr(expression)
    .legendFormat(legend)
    .datasource(DATASOURCE)
    .range();

/** @param {string} expression @param {string} legend @param {string} refId */
const now = (expression, legend, refId) =>
  new prometheus.DataqueryBuilder()
    .refId(refId)
    .expr(expression)
    .legendFormat(legend)
    .datasource(DATASOURCE)
    .instant();

/** A query and what a series of it is called. @typedef {[expression: string, legend: string]} Query */

/**
 * What every panel says of itself.
 *
 * @typedef {object} About
 * @property {string} title
 * @property {string} description what is seen, and what to do about it
 * @property {number} w columns of 24
 * @property {number} h rows
 * @property {Query[]} queries
 * @property {string} [unit]
 * @property {boolean} [named] whether a number shows its series' name
 * @property {string} [interval] what a step lasts at least
 * @property {number} [min]
 * @property {number} [max]
 * @property {number} [decimals]
 * @property {ReturnType<typeof import('./words.mjs').steps>} [thresholds]
 * @property {dashboard.ValueMapping[]} [mappings]
 * @property {string} [noValue]
 * @property {import('./words.mjs').Link[]} [links] from a value to somewhere
 */

/** @param {import('./words.mjs').Link[]} links */
const dataLinks = (links) =>
  links.map(([title, url]) => new dashboard.DashboardLinkBuilder(title).url(url));

/**
 * @template {timeseries.PanelBuilder | stat.PanelBuilder | statetimeline.PanelBuilder
 *   | table.PanelBuilder | bargauge.PanelBuilder} Builder
 * @param {Builder} panel
 * @param {About} about
 * @param {typeof overTime} query
 * @returns {Builder}
 */
const furnish = (panel, about, query) => {
  if (!about.description) throw new Error(`${about.title}: say what it shows`);
  panel
    .title(about.title)
    .description(about.description)
    .span(about.w)
    .height(about.h)
    .datasource(DATASOURCE)
    .unit(about.unit ?? 'short')
    .thresholds(about.thresholds ?? neutral());
  about.queries.forEach(([expression, legend], index) =>
    panel.withTarget(query(expression, legend, String.fromCharCode(65 + index))),
  );
  if (about.interval) panel.interval(about.interval);
  if (about.min !== undefined) panel.min(about.min);
  if (about.max !== undefined) panel.max(about.max);
  if (about.decimals !== undefined) panel.decimals(about.decimals);
  if (about.mappings) panel.mappings(about.mappings);
  if (about.noValue) panel.noValue(about.noValue);
  if (about.links) panel.dataLinks(dataLinks(about.links));
  return panel;
};

/** Grafana's own colours, one after the other. */
const inTurn = () =>
  new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassic);

const byThreshold = () =>
  new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.Thresholds);

/** One number of now, coloured by its thresholds. @param {About} about */
export const number = (about) =>
  furnish(new stat.PanelBuilder(), { noValue: '–', ...about }, now)
    .colorScheme(byThreshold())
    .colorMode(common.BigValueColorMode.Background)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(
      about.named || about.queries.length > 1
        ? common.BigValueTextMode.ValueAndName
        : common.BigValueTextMode.Auto,
    )
    .justifyMode(common.BigValueJustifyMode.Auto)
    .reduceOptions(
      new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''),
    );

const legendBelow = () =>
  new common.VizLegendOptionsBuilder()
    .displayMode(common.LegendDisplayMode.List)
    .placement(common.LegendPlacement.Bottom)
    .showLegend(true)
    .calcs([]);

/** Lines over time. @param {About} about */
export const graph = (about) =>
  furnish(new timeseries.PanelBuilder(), { min: 0, ...about }, overTime)
    .colorScheme(inTurn())
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Auto)
    .legend(legendBelow())
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );

/** What was counted in each step, stacked. @param {About} about */
export const bars = (about) =>
  graph({ interval: STEP_OF_BARS, decimals: 0, ...about })
    .drawStyle(common.GraphDrawStyle.Bars)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal).group('A'))
    .lineWidth(0)
    .fillOpacity(80);

/** What is told by a word at the end of a legend, and its colour. */
const OUTCOMES = [
  ['succeeded|confirmed|sent|connected', GOOD],
  ['failed|dead|no room|disconnected', BAD],
  ['misconfigured|digested', WARN],
  ['retried|skipped|connecting', MIND],
  ['attempted|started', BUSY],
  ['unknown_event', UNKNOWN],
];

/** Bars of how things ended, each in the colour of its end. @param {About} about */
export const outcomes = (about) =>
  OUTCOMES.reduce(
    (panel, [words, fixedColor]) =>
      panel.overrideByRegexp(`/(^|[ ._])(${words})$/`, [
        { id: 'color', value: { mode: 'fixed', fixedColor } },
      ]),
    bars(about),
  );

/** The look of a limit among lines: dashed, red, unfilled. @type {dashboard.DynamicConfigValue[]} */
const AS_LIMIT = [
  { id: 'color', value: { mode: 'fixed', fixedColor: BAD } },
  { id: 'custom.lineStyle', value: { fill: 'dash', dash: [10, 10] } },
  { id: 'custom.fillOpacity', value: 0 },
  { id: 'custom.lineWidth', value: 2 },
];

/** Lines with a limit that is a series itself: the query whose legend begins with "limit". */
export const graphWithLimit = (/** @type {About} */ about) =>
  graph(about).overrideByRegexp('/^limit/', AS_LIMIT);

/**
 * A row of colours for each series.
 *
 * @param {About & {looks: import('./words.mjs').Looks}} about
 */
export const timeline = (about) =>
  furnish(
    new statetimeline.PanelBuilder(),
    { mappings: mappingsOf(about.looks), ...about },
    overTime,
  )
    .mergeValues(true)
    .showValue(common.VisibilityMode.Auto)
    .rowHeight(0.85)
    .fillOpacity(75)
    .lineWidth(0)
    .perPage(25)
    .legend(legendBelow())
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Single)
        .sort(common.SortOrder.None),
    );

/** One bar for each series of now. @param {About} about */
export const ranking = (about) =>
  furnish(new bargauge.PanelBuilder(), about, now)
    .colorScheme(byThreshold())
    .namePlacement(common.BarGaugeNamePlacement.Top)
    .orientation(common.VizOrientation.Horizontal)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .valueMode(common.BarGaugeValueMode.Color)
    .reduceOptions(
      new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']).values(false).fields(''),
    );

/**
 * A column of a table: its label (or `Value`), its heading, and how it looks.
 *
 * @typedef {object} Column
 * @property {string} of
 * @property {string} as
 * @property {string} [unit]
 * @property {number} [width]
 * @property {dashboard.ValueMapping[]} [mappings]
 * @property {boolean} [coloured] by its mapping
 * @property {boolean} [hidden] only for links to read
 * @property {import('./words.mjs').Link[]} [links]
 */

/** @param {Column} column @returns {dashboard.DynamicConfigValue[]} */
const lookOf = (column) => {
  const look = [];
  if (column.unit) look.push({ id: 'unit', value: column.unit });
  if (column.hidden) {
    // The second is what Grafana goes by since 12.2, the first what it went by before.
    look.push({ id: 'custom.hidden', value: true });
    look.push({ id: 'custom.hideFrom', value: { viz: true, legend: false, tooltip: false } });
  }
  if (column.width) look.push({ id: 'custom.width', value: column.width });
  if (column.mappings) look.push({ id: 'mappings', value: column.mappings });
  if (column.coloured) {
    look.push({ id: 'custom.cellOptions', value: { type: 'color-background', mode: 'basic' } });
  }
  if (column.links) {
    const links = column.links.map(([title, url]) => ({ title, url, targetBlank: false }));
    look.push({ id: 'links', value: links });
  }
  return look;
};

/**
 * A table of the series of one query: labels are columns, in this order; others are left out.
 *
 * @param {Omit<About, 'queries'> & {expression: string, columns: Column[],
 *   sortBy?: {column: string, descending?: boolean}[]}} about
 */
export const rows = (about) => {
  const { expression, columns, sortBy = [], ...rest } = about;
  const panel = furnish(
    new table.PanelBuilder(),
    { ...rest, queries: [[expression, '']] },
    (expr, _legend, refId) => now(expr, '', refId).format(prometheus.PromQueryFormat.Table),
  );
  panel
    .withTransformation({
      id: 'filterFieldsByName',
      options: { include: { names: columns.map((column) => column.of) } },
    })
    .withTransformation({
      id: 'organize',
      options: {
        excludeByName: {},
        indexByName: Object.fromEntries(columns.map((column, index) => [column.of, index])),
        renameByName: {},
      },
    })
    .cellHeight(common.TableCellHeight.Sm)
    .sortBy(
      sortBy.map(({ column, descending = false }) =>
        new common.TableSortByFieldStateBuilder().displayName(column).desc(descending),
      ),
    );
  for (const column of columns) {
    panel.overrideByName(column.of, [
      { id: 'displayName', value: column.as },
      // What the panel says when it is empty is not for a cell that is.
      { id: 'noValue', value: '–' },
      ...lookOf(column),
    ]);
  }
  return panel;
};

/** A heading over the panels that follow. @param {string} title */
export const heading = (title) => new dashboard.RowBuilder(title);

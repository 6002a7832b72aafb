// The words of all dashboards: selectors, states with their colours, and ways to elsewhere.
//
// Every query goes through `agent`, `connector`, `probe` or `scraped`, so that none forgets a
// variable. Which metrics exist is said by docs/metrics.md, and a test compares.

import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';

/** Which series of which agents: part of every selector. */
const OF_AGENT = 'job=~"$job", site=~"$site", instance=~"$instance"';

/** The variable `datasource`, as panels and variables name it. */
export const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Labels by which one connector is told from another, in `by (..)` and `on (..)`. */
export const ONE_CONNECTOR = 'job, site, instance, connector';

/** Labels by which one agent is told from another. */
export const ONE_AGENT = 'job, site, instance';

/** A series of the agent or its host, with further matchers. */
export const agent = (/** @type {string} */ name, more = '') =>
  `${name}{${OF_AGENT}${more && `, ${more}`}}`;

/** A series of a connector, with further matchers. */
export const connector = (/** @type {string} */ name, more = '') =>
  agent(name, `connector=~"$connector"${more && `, ${more}`}`);

/** A series of a probe of the chosen connectors, or of one that belongs to none. */
export const probe = (/** @type {string} */ name, more = '') =>
  agent(name, `connector=~"$connector|"${more && `, ${more}`}`);

/**
 * Whether Prometheus could scrape its targets, those of jobs that agents answered in. "All"
 * jobs are all of that Prometheus, and others' targets are none of ours.
 */
export const scraped = () =>
  `(${agent('up')} and on (job) last_over_time(${agent('ztna_build_info')}[$__range]))`;

/** How much a counter grew in each step of a graph. Wants `interval` on the panel. */
export const grown = (/** @type {string} */ series) => `increase(${series}[$__interval])`;

/** How much a counter grew in what the dashboard shows. */
export const grownInAll = (/** @type {string} */ series) => `increase(${series}[$__range])`;

/** Growth a second. */
export const rate = (/** @type {string} */ series) => `rate(${series}[$__rate_interval])`;

/** What a step of bars lasts at least: two scrapes of a minute, or nothing could be counted. */
export const STEP_OF_BARS = '2m';

/**
 * One number for a set of states: the greatest code of those that are true.
 *
 * @param {string[]} rows vectors as [`code * (condition)`]
 * @param {string} by labels that stay
 */
export const greatest = (rows, by = ONE_CONNECTOR) =>
  `max by (${by}) (\n  ${rows.join('\n  or ')}\n)`;

/**
 * A state set as one number a connector.
 *
 * @param {string} family
 * @param {Looks} looks
 * @param {{label?: string, by?: string, more?: string}} [options]
 */
export const stateOf = (family, looks, options = {}) => {
  const { label = 'state', by = ONE_CONNECTOR, more = '' } = options;
  const rows = Object.entries(looks).map(([code, [, , state]]) => {
    const matchers = [`${label}="${state}"`, more].filter(Boolean).join(', ');
    return `${code} * (${connector(family, matchers)} == 1)`;
  });
  return greatest(rows, by);
};

/**
 * What numbers of a state mean: code -> [words for people, colour, word of the label].
 *
 * @typedef {Record<number, [string, string, string?]>} Looks
 */

/** Colours by meaning, the same on every dashboard. */
export const GOOD = 'green';
export const BAD = 'red';
export const WARN = 'orange';
export const MIND = 'yellow';
export const BUSY = 'blue';
export const UNKNOWN = 'gray';

/** @type {Looks} */
export const TUNNEL = {
  1: ['up', GOOD, 'connected'],
  2: ['unknown', UNKNOWN, 'unknown'],
  3: ['connecting', MIND, 'connecting'],
  4: ['down', BAD, 'disconnected'],
};

/** @type {Looks} */
export const REGISTRATION = {
  1: ['registered', GOOD, 'registered'],
  2: ['unknown', UNKNOWN, 'unknown'],
  3: ['registering', MIND, 'registering'],
  4: ['failed', BAD, 'failed'],
};

/** @type {Looks} */
export const UPDATE = {
  1: ['current', GOOD, 'current'],
  2: ['unknown', UNKNOWN, 'unknown'],
  3: ['running', BUSY, 'running'],
  4: ['failed', WARN, 'failed'],
  5: ['not back', BAD, 'reconnect_failed'],
};

/** @param {Looks} looks @returns {dashboard.ValueMapping[]} */
export const mappingsOf = (looks) => [
  {
    type: dashboard.MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(looks).map(([code, [text, color]], index) => [code, { text, color, index }]),
    ),
  },
];

/** Text for words of a label. @param {Record<string, (string | undefined)[]>} words @returns {dashboard.ValueMapping[]} */
export const wordsFor = (words) => [
  {
    type: dashboard.MappingType.ValueToText,
    options: Object.fromEntries(
      Object.entries(words).map(([word, [text, color]], index) => {
        /** @type {dashboard.ValueMappingResult} */
        const shown = color ? { text, color, index } : { text, index };
        return [word, shown];
      }),
    ),
  },
];

/**
 * Colours from a value on; the first is for everything below.
 *
 * @param {[number | null, string][]} steps
 */
export const steps = (steps) =>
  new dashboard.ThresholdsConfigBuilder()
    .mode(dashboard.ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })));

/** Green at 0, and `color` from 1 on. */
export const noneIsGood = (color = BAD) =>
  steps([
    [null, GOOD],
    [1, color],
  ]);

/** No judgement. */
export const neutral = () => steps([[null, BUSY]]);

/** @typedef {[title: string, url: string]} Link */

/** Where a link leads to, with the time range kept. @param {string} uid @param {string} query */
export const to = (uid, query) =>
  `/d/${uid}?\${__url_time_range}&\${datasource:queryparam}&\${job:queryparam}${query}`;

/** Of a table's row. @returns {Link} */
export const toPublisher = () => [
  'Publisher: what happened there',
  to(
    'ztna-publisher',
    '&var-instance=${__data.fields.instance}&var-connector=${__data.fields.connector}',
  ),
];

/** Of a table's row. @returns {Link} */
export const toClients = () => [
  'Endpoint clients: what happened there',
  to(
    'ztna-clients',
    '&var-instance=${__data.fields.instance}&var-connector=${__data.fields.connector}',
  ),
];

/** Of a series or of a table's row. @returns {Link} */
export const toHost = (from = '__data.fields.instance') => [
  'Host',
  to('ztna-host', `&var-instance=\${${from}}`),
];

/** Of a table's row. @returns {Link} */
export const toAgentsPage = () => [
  "The agent's own page",
  '${scheme}://${__data.fields.instance}/',
];

/**
 * Of a table's row: a runbook, or the one that the label `page` names, at its agent or at the
 * one that another label names.
 *
 * @returns {Link}
 */
export const toRunbook = (page = '${__data.fields.page}', at = 'instance') => [
  'Runbook',
  `\${scheme}://\${__data.fields.${at}}/runbooks/${page}`,
];

// All connectors: which is in trouble, since when, why, what to do. Answered by the first screen.

import * as house from './house.mjs';
import { LONG_AGO, OFF, TROUBLES, inTrouble, sharedPages, withPage } from './troubles.mjs';

const {
  BAD,
  BUSY,
  GOOD,
  MIND,
  ONE_AGENT,
  ONE_CONNECTOR,
  UNKNOWN,
  WARN,
  agent,
  connector,
  scraped,
} = house;

/** Counts series of a condition; 0 if there is none. @param {string} condition */
const count = (condition) => `count(${condition}) or vector(0)`;

/** @type {house.Looks} */
const CONNECTOR = {
  1: ['up', GOOD],
  2: ['switched off', BUSY],
  3: ['unknown', UNKNOWN],
  4: ['connecting', MIND],
  5: ['up, impaired', WARN],
  6: ['down', BAD],
};

/** The worst of what the tunnel and the client say, as one number. */
const stateOfConnector = () => {
  const tunnel = (/** @type {string} */ state) =>
    connector('ztna_tunnel_state', `state="${state}"`);
  const isOff = `unless on (${ONE_CONNECTOR}) ${OFF}`;
  return house.greatest([
    `1 * (${tunnel('connected')} == 1)`,
    `2 * ${OFF}`,
    `3 * (${tunnel('unknown')} == 1)`,
    `4 * (${tunnel('connecting')} == 1)`,
    `5 * (${connector('ztna_degraded')} == 1)`,
    `6 * (${tunnel('disconnected')} == 1 ${isOff})`,
  ]);
};

const SEVERITIES = {
  '1 critical': ['critical', BAD],
  '2 warning': ['warning', WARN],
  '3 info': ['info', BUSY],
};

const firing = (/** @type {string} */ severity) =>
  count(`${agent('ztna_alert_firing', `severity="${severity}"`)} > 0`);

const numbers = () => {
  const small = { w: 3, h: 4, thresholds: house.noneIsGood() };
  return [
    house.number({
      ...small,
      title: 'Agents away',
      description: 'Agents that Prometheus cannot scrape. Nothing is known of their connectors.',
      queries: [[count(`${scraped()} == 0`), '']],
    }),
    house.number({
      ...small,
      title: 'Tunnels up',
      description: 'Connectors whose tunnel is confirmed up.',
      queries: [[`sum(${connector('ztna_tunnel_up')})`, '']],
      thresholds: house.steps([
        [null, BAD],
        [1, GOOD],
      ]),
    }),
    house.number({
      ...small,
      title: 'Tunnels not up',
      description:
        'Connectors whose tunnel is not confirmed up, clients that are switched off not counted.',
      queries: [
        [
          count(
            `${connector('ztna_tunnel_up')} == 0 unless on (${ONE_CONNECTOR}) ${OFF}`,
          ),
          '',
        ],
      ],
    }),
    house.number({
      ...small,
      title: 'Registrations failed',
      description: 'Publishers whose last registration was given up.',
      queries: [[count(`${connector('ztna_registration_state', 'state="failed"')} == 1`), '']],
    }),
    house.number({
      ...small,
      title: 'Updates failed',
      description: 'Connectors whose last update failed, or that did not come back after it.',
      queries: [
        [count(`${connector('ztna_update_state', 'state=~"failed|reconnect_failed"')} == 1`), ''],
      ],
    }),
    house.number({
      ...small,
      title: 'Impaired',
      description: 'Connectors whose tunnel is up and that still do not do their work.',
      queries: [[count(`max by (${ONE_CONNECTOR}) (${connector('ztna_degraded')}) == 1`), '']],
      thresholds: house.noneIsGood(WARN),
    }),
    house.number({
      ...small,
      title: 'Alerts: critical',
      description: "Rules of the agents' own that fire with this severity.",
      queries: [[firing('critical'), '']],
    }),
    house.number({
      ...small,
      title: 'Alerts: warning',
      description: "Rules of the agents' own that fire with this severity.",
      queries: [[firing('warning'), '']],
      thresholds: house.noneIsGood(WARN),
    }),
  ];
};

const first = (/** @type {[rule: string, page: string][]} */ shared) => [
  house.rows({
    title: 'In trouble now',
    description:
      'What is wrong at this moment, the worst first: with whom, since when, and what to do. ' +
      'A click on the last column opens the runbook, one on a name what happened there.',
    w: 24,
    h: 9,
    noValue: 'Nothing is wrong.',
    expression: inTrouble(shared),
    columns: [
      {
        of: 'severity',
        as: 'Severity',
        width: 90,
        mappings: house.wordsFor(SEVERITIES),
        coloured: true,
      },
      { of: 'connector', as: 'Connector', links: [house.toPublisher(), house.toClients()] },
      {
        of: 'rule',
        as: 'What and what to do',
        mappings: whatAndWhatToDo(),
        links: [house.toRunbook(undefined, 'at')],
        width: 560,
      },
      {
        of: 'Value',
        as: 'Since',
        unit: 'dateTimeFromNow',
        width: 160,
        mappings: house.wordsFor(LONG_AGO),
      },
      { of: 'probe', as: 'Probe', width: 140 },
      { of: 'site', as: 'Site', width: 120 },
      { of: 'instance', as: 'Agent', links: [house.toHost(), house.toAgentsPage()] },
      { of: 'page', as: 'Page', hidden: true },
      { of: 'at', as: 'At', hidden: true },
    ],
    sortBy: [{ column: 'Severity' }, { column: 'Since', descending: true }],
  }),
  house.timeline({
    title: 'Each connector',
    description:
      'The worst of what the tunnel and the client said at each time. Grey is not known.',
    w: 24,
    h: 9,
    looks: CONNECTOR,
    queries: [[stateOfConnector(), '{{connector}} · {{instance}}']],
  }),
];

const whatAndWhatToDo = () =>
  house.wordsFor(
    Object.fromEntries(
      Object.entries(TROUBLES).map(([rule, [what, then]]) => [rule, [`${what}. ${then}`]]),
    ),
  );

const alerts = (/** @type {[rule: string, page: string][]} */ shared) => {
  const firing = agent('ztna_alert_firing');
  const ranked = ['critical', 'warning', 'info'].map(
    (word, index) =>
      `label_replace(${agent('ztna_alert_since_timestamp_seconds', `severity="${word}"`)}, "rank", "${index + 1} ${word}", "", "")`,
  );
  const one = `severity, rule, ${ONE_AGENT}`;
  // How many there are stands in a label, since the value is since when.
  const many = `count_values by (${one}) ("alerts", ${firing} > 0)`;
  return [
    house.rows({
      title: 'Alerts that fire',
      description:
        "The agents' own rules, as their mails tell, and since when the oldest alert of each fires.",
      w: 12,
      h: 8,
      noValue: 'No alert fires.',
      expression: withPage(
        `1000 * min by (rank, ${one}) (${ranked.join('\n  or ')})\n` +
          `  * on (${one}) group_left (alerts) ${many}`,
        shared,
      ),
      columns: [
        {
          of: 'rank',
          as: 'Severity',
          width: 90,
          mappings: house.wordsFor(SEVERITIES),
          coloured: true,
        },
        { of: 'rule', as: 'Rule', links: [house.toRunbook()] },
        { of: 'Value', as: 'Since', unit: 'dateTimeFromNow', width: 130 },
        { of: 'alerts', as: 'Alerts', width: 70 },
        { of: 'site', as: 'Site', width: 120 },
        { of: 'instance', as: 'Agent', links: [house.toAgentsPage(), house.toHost()] },
        { of: 'page', as: 'Page', hidden: true },
      ],
      sortBy: [{ column: 'Severity' }, { column: 'Since', descending: true }],
    }),
    house
      .graph({
        title: 'Alerts over time',
        description: 'Alerts that fired, by severity.',
        w: 12,
        h: 8,
        queries: [
          [`sum by (severity) (${firing})`, '{{severity}}'],
          [`sum(${agent('ztna_alert_held')})`, 'held back'],
        ],
      })
      .overrideByName('critical', [{ id: 'color', value: { mode: 'fixed', fixedColor: BAD } }])
      .overrideByName('warning', [{ id: 'color', value: { mode: 'fixed', fixedColor: WARN } }])
      .overrideByName('info', [{ id: 'color', value: { mode: 'fixed', fixedColor: BUSY } }])
      .overrideByName('held back', [
        { id: 'color', value: { mode: 'fixed', fixedColor: UNKNOWN } },
      ]),
  ];
};

const events = (/** @type {string} */ pattern) =>
  `sum by (event) (${house.grown(connector('ztna_events_total', `event=~"${pattern}"`))})`;

const fleet = () => [
  house.graph({
    title: 'Tunnels up, by kind',
    description: 'Connectors with a confirmed tunnel. A step down is what to look at.',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (kind) (${connector('ztna_tunnel_up')} * on (${ONE_CONNECTOR}) group_left (kind) ` +
          `max by (${ONE_CONNECTOR}, kind) (${connector('ztna_connector_info')}))`,
        '{{kind}}',
      ],
    ],
  }),
  house.outcomes({
    title: 'Registrations',
    description:
      'Tries, and how they ended. A failure is often an expired token or TLS inspection.',
    w: 8,
    h: 8,
    queries: [[events('registration.(attempted|succeeded|failed)'), '{{event}}']],
  }),
  house.outcomes({
    title: 'Updates',
    description: 'Updates that began, and how they ended.',
    w: 8,
    h: 8,
    queries: [[events('update.(started|succeeded|failed|skipped|reconnect_failed)'), '{{event}}']],
  }),
  house.rows({
    title: 'Last update of each connector',
    description: 'How the last update ended, and when.',
    w: 10,
    h: 8,
    noValue: 'No update was seen yet.',
    expression:
      `1000 * max by (${ONE_CONNECTOR}) (${connector('ztna_state_changed_timestamp_seconds', 'aspect="update"')})` +
      `\n  * on (${ONE_CONNECTOR}) group_left (state) (${connector('ztna_update_state')} == 1)`,
    columns: [
      { of: 'connector', as: 'Connector', links: [house.toPublisher()] },
      { of: 'state', as: 'Update', width: 90 },
      { of: 'Value', as: 'Since', unit: 'dateTimeFromNow', width: 130 },
      { of: 'site', as: 'Site', width: 90 },
      { of: 'instance', as: 'Agent', width: 120 },
    ],
    sortBy: [{ column: 'Since', descending: true }],
  }),
  house.rows({
    title: 'Next updates',
    description: 'When the update profiles begin next.',
    w: 6,
    h: 8,
    noValue: 'No update profile is configured.',
    expression: `1000 * ${agent('ztna_update_scheduled_timestamp_seconds')}`,
    columns: [
      { of: 'profile', as: 'Profile' },
      { of: 'Value', as: 'Begins', unit: 'dateTimeFromNow', width: 110 },
      { of: 'instance', as: 'Agent' },
    ],
    sortBy: [{ column: 'Begins' }],
  }),
  house.rows({
    title: 'Versions',
    description: 'Connectors of each version, as far as one is told.',
    w: 8,
    h: 8,
    noValue: 'No connector told its version.',
    expression: `count by (kind, version) (${connector('ztna_connector_info', 'version!=""')})`,
    columns: [
      { of: 'kind', as: 'Kind' },
      { of: 'version', as: 'Version' },
      { of: 'Value', as: 'Connectors', width: 100 },
    ],
    sortBy: [{ column: 'Connectors', descending: true }],
  }),
];

const worst = () => {
  const host = { w: 8, h: 8, min: 0, links: [house.toHost('__field.labels.instance')] };
  const free = `${agent('ztna_host_filesystem_avail_bytes')} / ${agent('ztna_host_filesystem_size_bytes')}`;
  const writable = `unless on (${ONE_AGENT}, mountpoint) (${agent('ztna_host_filesystem_readonly')} == 1)`;
  return [
    house.ranking({
      ...host,
      title: 'Busiest processors',
      description: 'The ten hosts whose processors are used most. The vendor wants less than 75 %.',
      unit: 'percentunit',
      max: 1,
      thresholds: house.steps([
        [null, GOOD],
        [0.75, BAD],
      ]),
      queries: [[`topk(10, ${agent('ztna_host_cpu_used_ratio')})`, '{{instance}}']],
    }),
    house.ranking({
      ...host,
      title: 'Fullest memory',
      description: 'The ten hosts whose memory is used most. The vendor wants less than 90 %.',
      unit: 'percentunit',
      max: 1,
      thresholds: house.steps([
        [null, GOOD],
        [0.9, BAD],
      ]),
      queries: [[`topk(10, ${agent('ztna_host_memory_used_ratio')})`, '{{instance}}']],
    }),
    house.ranking({
      ...host,
      title: 'Least free disk',
      description:
        'The ten file systems with the smallest free share, those only to be read left out. ' +
        'The vendor wants 1 GB.',
      unit: 'percentunit',
      max: 1,
      thresholds: house.steps([
        [null, BAD],
        [0.05, WARN],
        [0.15, GOOD],
      ]),
      queries: [[`bottomk(10, ${free} ${writable})`, '{{instance}} {{mountpoint}}']],
    }),
  ];
};

/** @param {string} rules the text of alerts/rules/default.yaml */
export const overview = (rules) => {
  const shared = sharedPages(rules);
  return house.page({
    uid: 'ztna-overview',
    title: 'Zero-trust connectors: overview',
    description: 'Which connector is in trouble, since when, why, and what to do.',
    panels: [
      ...numbers(),
      ...first(shared),
      house.heading('Alerts'),
      ...alerts(shared),
      house.heading('Tunnels, registrations, updates'),
      ...fleet(),
      house.heading('Worst hosts'),
      ...worst(),
    ],
  });
};

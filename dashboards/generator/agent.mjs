// The agent itself and its SNMP: does it keep up, does it store, is it asked, do its mails leave?

import * as house from './house.mjs';

const { BAD, GOOD, WARN, agent, connector } = house;

const numbers = () => {
  const small = { w: 4, h: 4 };
  return [
    house.number({
      ...small,
      title: 'Faults',
      description: 'Things that are wrong with an agent itself; which, stands below.',
      queries: [[`sum(${agent('ztna_agent_fault')})`, '']],
      thresholds: house.noneIsGood(),
    }),
    house.number({
      ...small,
      title: 'Store',
      description:
        'Whether the last turn was committed. If not, logs wait and nothing is lost yet.',
      queries: [[`min(${agent('ztna_store_writable')})`, '']],
      mappings: house.mappingsOf({ 1: ['commits', GOOD], 0: ['refuses', BAD] }),
    }),
    house.number({
      ...small,
      title: 'Not read yet',
      description: 'Bytes in log files that wait to be read, of all logs.',
      unit: 'bytes',
      queries: [[`sum(${connector('ztna_log_lag_bytes')})`, '']],
      thresholds: house.steps([
        [null, GOOD],
        [16777216, WARN],
        [268435456, BAD],
      ]),
    }),
    house.number({
      ...small,
      title: 'Mails that wait',
      description: 'Deliveries in the outbox, tried or not.',
      queries: [[`sum(${agent('ztna_outbox_messages')})`, '']],
      thresholds: house.steps([
        [null, GOOD],
        [1, WARN],
        [100, BAD],
      ]),
    }),
    house.number({
      ...small,
      title: 'Configuration',
      description: 'Whether the last attempt to load it was accepted.',
      queries: [[`min(${agent('ztna_config_last_reload_successful')})`, '']],
      mappings: house.mappingsOf({ 1: ['in force', GOOD], 0: ['refused', BAD] }),
    }),
    house.number({
      ...small,
      title: 'Version',
      named: true,
      description: 'Agents of each version.',
      queries: [[`count by (version) (${agent('ztna_build_info')})`, '{{version}}']],
    }),
  ];
};

const reading = () => [
  house.timeline({
    title: 'Faults over time',
    description: 'Each kind of fault, while it lasted.',
    w: 12,
    h: 8,
    looks: { 0: ['fine', GOOD], 1: ['fault', BAD] },
    queries: [
      [`max by (fault, instance) (${agent('ztna_agent_fault')})`, '{{fault}} {{instance}}'],
    ],
  }),
  house.graph({
    title: 'Log lag',
    description:
      'Bytes written to logs and not read yet. It should fall back to 0 after each burst.',
    unit: 'bytes',
    w: 12,
    h: 8,
    queries: [[connector('ztna_log_lag_bytes'), '{{connector}} {{log}} · {{instance}}']],
  }),
  house.graph({
    title: 'Lines',
    description: 'Lines read a second, by what became of them.',
    unit: 'cps',
    w: 8,
    h: 8,
    queries: [
      [`sum by (outcome) (${house.rate(connector('ztna_log_lines_total'))})`, '{{outcome}}'],
    ],
  }),
  house.bars({
    title: 'Bytes lost, by cause',
    description:
      'What could not be read or was refused. Any is worth a look at how logs are rotated.',
    unit: 'bytes',
    w: 8,
    h: 8,
    queries: [
      [`sum by (cause) (${house.grown(connector('ztna_log_lost_bytes_total'))})`, '{{cause}}'],
    ],
  }),
  house.bars({
    title: 'Wordings that changed',
    description:
      'Lines of a known function whose text fits no event: the vendor has changed its log.',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (function) (${house.grown(connector('ztna_log_near_miss_total'))}) > 0`,
        '{{function}}',
      ],
    ],
  }),
];

const turns = () => [
  house.graph({
    title: 'Turns',
    description: 'Transactions committed a second: about one while anything happens.',
    unit: 'ops',
    w: 8,
    h: 8,
    queries: [[house.rate(agent('ztna_turns_total')), '{{instance}}']],
  }),
  house
    .graph({
      title: 'Commits: how long, how often in vain',
      description: 'Nine of ten commits are faster; and those that failed, by cause, a second.',
      unit: 's',
      w: 8,
      h: 8,
      queries: [
        [
          `histogram_quantile(0.9, sum by (instance, le) (${house.rate(agent('ztna_store_commit_duration_seconds_bucket'))}))`,
          '{{instance}}',
        ],
        [
          `sum by (cause) (${house.rate(agent('ztna_store_commit_failures_total'))}) > 0`,
          'failed: {{cause}}',
        ],
      ],
    })
    .overrideByRegexp('/^failed/', [
      { id: 'unit', value: 'ops' },
      { id: 'color', value: { mode: 'fixed', fixedColor: BAD } },
    ]),
  house.graph({
    title: 'Scrapes',
    description:
      'Nine of ten pages are written faster; and how long Prometheus waits for all of it.',
    unit: 's',
    w: 8,
    h: 8,
    queries: [
      [
        `histogram_quantile(0.9, sum by (instance, le) (${house.rate(agent('ztna_scrape_duration_seconds_bucket'))}))`,
        'written {{instance}}',
      ],
      [inJobsOfAgents(agent('scrape_duration_seconds')), 'scraped {{instance}}'],
    ],
  }),
];

const outbox = () => [
  house
    .graph({
      title: 'Outbox',
      description:
        'Deliveries that wait, and the age of the oldest, which is absent while none waits. ' +
        'Those that are tried again have a server that does not take them.',
      w: 8,
      h: 8,
      queries: [
        [`sum by (state) (${agent('ztna_outbox_messages')})`, '{{state}}'],
        [`max(time() - ${agent('ztna_outbox_oldest_timestamp_seconds')})`, 'age of the oldest'],
      ],
    })
    .overrideByName('age of the oldest', [
      { id: 'unit', value: 's' },
      { id: 'custom.axisPlacement', value: 'right' },
    ]),
  house.outcomes({
    title: 'Deliveries',
    description:
      'Attempts, by receiver and what came of them. A dead one is given up: nobody was told.',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (receiver, result) (${house.grown(agent('ztna_deliveries_total'))})`,
        '{{receiver}}: {{result}}',
      ],
    ],
  }),
  house.bars({
    title: 'Notifications decided',
    description: 'By what they say, whether or not they were delivered yet.',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (message) (${house.grown(agent('ztna_alert_notifications_total'))}) > 0`,
        '{{message}}',
      ],
    ],
  }),
];

const snmp = () => [
  house.graph({
    title: 'SNMP: packets',
    description: 'Datagrams a second; answers are fewer than requests if some are refused.',
    unit: 'pps',
    w: 8,
    h: 8,
    queries: [
      [`sum by (direction) (${house.rate(agent('ztna_snmp_packets_total'))})`, '{{direction}}'],
      [`sum(${house.rate(agent('ztna_snmp_responses_total'))})`, 'responses'],
    ],
  }),
  house.bars({
    title: 'SNMP: refused, by cause',
    description:
      'A wrong digest is a wrong passphrase; an unknown engine is how a poller finds ours.',
    w: 8,
    h: 8,
    noValue: 'No message was refused.',
    queries: [
      [`sum by (cause) (${house.grown(agent('ztna_snmp_rejected_total'))}) > 0`, '{{cause}}'],
    ],
  }),
  house.outcomes({
    title: 'SNMP: notices',
    description: 'Traps and informs by target and outcome, and those that found no room.',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (target, outcome) (${house.grown(agent('ztna_snmp_notices_total'))})`,
        '{{target}}: {{outcome}}',
      ],
      [`sum(${house.grown(agent('ztna_snmp_notices_refused_total'))})`, 'no room'],
    ],
  }),
];

const itself = () => [
  house.graph({
    title: 'Processor',
    description: 'Share of one processor that the agent takes.',
    unit: 'percentunit',
    w: 6,
    h: 7,
    queries: [[inJobsOfAgents(house.rate(agent('process_cpu_seconds_total'))), '{{instance}}']],
  }),
  house.graph({
    title: 'Memory',
    description: 'Memory of the agent that is in RAM.',
    unit: 'bytes',
    w: 6,
    h: 7,
    queries: [[inJobsOfAgents(agent('process_resident_memory_bytes')), '{{instance}}']],
  }),
  house.graph({
    title: 'File descriptors',
    description: 'Share of those it may hold.',
    unit: 'percentunit',
    w: 6,
    h: 7,
    queries: [
      [
        inJobsOfAgents(`${agent('process_open_fds')} / ${agent('process_max_fds')}`),
        '{{instance}}',
      ],
    ],
  }),
  house
    .graph({
      title: 'HTTP: refused, by cause',
      description: 'Clients turned away or dropped, a second.',
      unit: 'cps',
      w: 6,
      h: 7,
      queries: [
        [`sum by (cause) (${house.rate(agent('ztna_http_rejected_total'))})`, '{{cause}}'],
        [`sum(${agent('ztna_http_connections')})`, 'open now'],
      ],
    })
    .overrideByName('open now', [{ id: 'unit', value: 'short' }]),
];

/** Programs of all kinds have series of these names: only agents' are meant. */
const inJobsOfAgents = (/** @type {string} */ vector) =>
  `(${vector}) and on (job, instance) ${agent('ztna_build_info')}`;

export const agents = () =>
  house.page({
    uid: 'ztna-agent',
    title: 'Zero-trust connectors: SNMP and agent itself',
    description: 'Whether agents keep up with the logs, store, are asked, and tell.',
    panels: [
      ...numbers(),
      ...reading(),
      house.heading('Turns and scrapes'),
      ...turns(),
      house.heading('Alerts on their way'),
      ...outbox(),
      house.heading('SNMP'),
      ...snmp(),
      house.heading('The process'),
      ...itself(),
    ],
  });

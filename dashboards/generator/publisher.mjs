// One Publisher or some: what happened, when, and what its host had to do with it.

import * as house from './house.mjs';
import * as limits from './limits.mjs';

const { BAD, GOOD, REGISTRATION, TUNNEL, UPDATE, WARN, connector } = house;

const NAME = '{{connector}} · {{instance}}';

const events = (/** @type {string} */ matcher) => connector('ztna_events_total', matcher);

const numbers = () => {
  const small = { w: 4, h: 4 };
  return [
    house.number({
      ...small,
      title: 'Tunnel',
      description: 'State of the tunnel, by the last log line that told of it.',
      queries: [[house.stateOf('ztna_tunnel_state', TUNNEL), NAME]],
      mappings: house.mappingsOf(TUNNEL),
    }),
    house.number({
      ...small,
      title: 'Registration',
      description: 'How the last registration with the tenant ended.',
      queries: [[house.stateOf('ztna_registration_state', REGISTRATION), NAME]],
      mappings: house.mappingsOf(REGISTRATION),
    }),
    house.number({
      ...small,
      title: 'Last update',
      description: 'How the last update ended, or that one runs.',
      queries: [[house.stateOf('ztna_update_state', UPDATE), NAME]],
      mappings: house.mappingsOf(UPDATE),
    }),
    house.number({
      ...small,
      title: 'Heard of',
      description:
        'Time since its log was last written. A silent Publisher says nothing of a lost tunnel.',
      unit: 's',
      queries: [[`time() - ${connector('ztna_connector_last_heard_timestamp_seconds')}`, NAME]],
      thresholds: house.steps([
        [null, GOOD],
        [900, WARN],
        [3600, BAD],
      ]),
    }),
    house.number({
      ...small,
      title: 'TLS errors',
      description:
        'In the time that is shown. Some are noise; many, or with a lost tunnel, are interception.',
      decimals: 0,
      queries: [[`sum(${house.grownInAll(events('event="tls.error"'))})`, '']],
      thresholds: house.steps([
        [null, GOOD],
        [1, WARN],
        [100, BAD],
      ]),
    }),
    house.number({
      ...small,
      title: 'Releases behind',
      description: 'Newer releases that the configuration lists. The vendor supports two back.',
      queries: [[connector('ztna_publisher_releases_behind'), NAME]],
      thresholds: house.steps([
        [null, GOOD],
        [2, WARN],
        [3, BAD],
      ]),
      noValue: 'not configured',
    }),
  ];
};

const happened = () => [
  house.timeline({
    title: 'Tunnel and registration',
    description: 'State of each at each time, by confirmed log lines only.',
    w: 24,
    h: 7,
    looks: {
      1: ['good', GOOD],
      2: ['unknown', house.UNKNOWN],
      3: ['on the way', house.MIND],
      4: ['bad', BAD],
    },
    queries: [
      [house.stateOf('ztna_tunnel_state', TUNNEL), `tunnel of ${NAME}`],
      [house.stateOf('ztna_registration_state', REGISTRATION), `registration of ${NAME}`],
    ],
  }),
  house.bars({
    title: 'Events by type',
    description:
      'All that was recognised in the logs. A change of the mixture is the first hint of trouble.',
    w: 16,
    h: 9,
    queries: [[`sum by (event) (${house.grown(connector('ztna_events_total'))}) > 0`, '{{event}}']],
  }),
  house.rows({
    title: 'What happened last',
    description: 'Each event that was ever seen, the latest first, by the log line’s own time.',
    w: 8,
    h: 9,
    expression: `1000 * ${connector('ztna_event_last_timestamp_seconds')}`,
    columns: [
      { of: 'connector', as: 'Publisher' },
      { of: 'event', as: 'Event' },
      { of: 'Value', as: 'Last', unit: 'dateTimeFromNow', width: 130 },
    ],
    sortBy: [{ column: 'Last', descending: true }],
  }),
];

const traffic = () => [
  house.bars({
    title: 'TLS errors by reason',
    description: 'Certificates that cannot be verified point to TLS inspection on the path.',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (connector, reason) (${house.grown(events('event="tls.error"'))})`,
        '{{connector}} {{reason}}',
      ],
    ],
  }),
  house.graph({
    title: 'App connections',
    description: "Users' connections that were opened to private applications, a second.",
    unit: 'cps',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (connector) (${house.rate(events('event="app.connection_opened"'))})`,
        '{{connector}}',
      ],
    ],
  }),
  house.bars({
    title: 'Client sessions',
    description:
      'Clients that identified themselves, and channels shut down in good order. ' +
      'Many ends at once with a lost tunnel are one matter.',
    w: 8,
    h: 8,
    queries: [
      [`sum(${house.grown(events('event="client.connected"'))})`, 'begun'],
      [`-sum(${house.grown(events('event="client.disconnected"'))})`, 'ended'],
    ],
    min: undefined,
  }),
  house.graph({
    title: 'Connections, as it counts itself',
    description:
      'What the Publisher’s own metrics file says; the host’s limits are on the dashboard of hosts.',
    w: 12,
    h: 7,
    queries: [
      [house.agent('ztna_publisher_snat_connections'), 'translated {{instance}}'],
      [house.agent('ztna_publisher_tcp_connections'), 'TCP {{instance}}'],
      [house.agent('ztna_publisher_udp_connections'), 'UDP {{instance}}'],
    ],
  }),
  house.outcomes({
    title: 'Tunnel: ups and downs',
    description: 'Four or more in half an hour are a tunnel that comes and goes.',
    w: 12,
    h: 7,
    queries: [
      [
        `sum by (event) (${house.grown(events('event=~"tunnel.(connecting|connected|disconnected|unknown_event)"'))})`,
        '{{event}}',
      ],
    ],
  }),
];

const updates = () => [
  house.timeline({
    title: 'Update history',
    description: 'Runs, and what came of them. Blue spans on other graphs are the same runs.',
    w: 16,
    h: 7,
    looks: UPDATE,
    queries: [[house.stateOf('ztna_update_state', UPDATE), NAME]],
  }),
  house.rows({
    title: 'Failed updates by cause',
    description:
      'In the time that is shown. The runbook has the vendor’s words for each cause, and what to do.',
    w: 8,
    h: 7,
    noValue: 'No update failed.',
    expression: `round(sum by (${house.ONE_CONNECTOR}, event, reason) (${house.grownInAll(events('event=~"update.(failed|reconnect_failed)"'))})) > 0`,
    columns: [
      { of: 'connector', as: 'Publisher' },
      { of: 'reason', as: 'Cause', links: [house.toRunbook('update-failed')], width: 120 },
      { of: 'Value', as: 'Times', width: 60, unit: 'none' },
      { of: 'instance', as: 'Agent', width: 120 },
    ],
    sortBy: [{ column: 'Times', descending: true }],
  }),
];

const path = () => [
  house.timeline({
    title: 'Probes',
    description: 'Whether servers on the path, or the vendor’s tools, answered as they should.',
    w: 12,
    h: 7,
    looks: { 0: ['fails', BAD], 1: ['fine', GOOD] },
    queries: [[house.probe('ztna_probe_success'), '{{probe}} {{connector}} · {{instance}}']],
  }),
  house.graph({
    title: 'Duration of probes by phase',
    description: 'A slow phase says where to look: name service, route, proxy, TLS.',
    unit: 's',
    w: 6,
    h: 7,
    queries: [
      [
        `max by (probe, phase) (${house.probe('ztna_probe_phase_duration_seconds')})`,
        '{{probe}} {{phase}}',
      ],
    ],
  }),
  house.rows({
    title: 'Certificates end',
    description: 'The first certificate to expire on the way to the expected root.',
    w: 6,
    h: 7,
    expression: `1000 * min by (probe, instance) (${house.probe('ztna_probe_certificate_expiry_timestamp_seconds')})`,
    columns: [
      { of: 'probe', as: 'Probe' },
      { of: 'Value', as: 'Ends', unit: 'dateTimeFromNow' },
      { of: 'instance', as: 'Agent' },
    ],
    sortBy: [{ column: 'Ends' }],
  }),
];

export const publisher = () =>
  house.page({
    uid: 'ztna-publisher',
    title: 'Zero-trust connectors: Publisher',
    description: 'What happened to a Publisher, when, and what its host had to do with it.',
    connectors: 'kind="netskope-publisher"',
    panels: [
      ...numbers(),
      ...happened(),
      house.heading('Traffic and tunnel'),
      ...traffic(),
      house.heading('Updates'),
      ...updates(),
      house.heading('Probes'),
      ...path(),
      house.heading('Host against the vendor’s limits'),
      limits.processors({ w: 6, h: 8 }),
      limits.memory({ w: 6, h: 8 }),
      limits.disk({ w: 6, h: 8 }),
      limits.updateSpace({ w: 6, h: 8 }),
    ],
  });

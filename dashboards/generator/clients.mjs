// Endpoint clients: on or off, what their services do, and whether traffic really goes through.

import * as house from './house.mjs';

const { BAD, BUSY, GOOD, MIND, ONE_CONNECTOR, TUNNEL, UNKNOWN, WARN, connector } = house;

const NAME = '{{connector}} · {{instance}}';

/** @type {house.Looks} */
const STATUS = {
  1: ['enabled', GOOD, 'enabled'],
  2: ['unknown', UNKNOWN, 'unknown'],
  3: ['disabled', BUSY, 'disabled'],
  4: ['uninstalled', BUSY, 'uninstalled'],
  5: ['off by an error', WARN, 'disabled_error'],
  6: ['fail closed', BAD, 'fail_closed'],
};

/** @type {house.Looks} */
const SERVICE = {
  1: ['connected', GOOD, 'connected'],
  2: ['unknown', UNKNOWN, 'unknown'],
  3: ['disconnected', MIND, 'disconnected'],
  4: ['connected, with a warning', WARN, 'connected_warning'],
  5: ['error', BAD, 'error'],
};

/** @type {house.Looks} */
const STEERING = {
  1: ['active', GOOD, 'active'],
  2: ['unknown', UNKNOWN, 'unknown'],
  3: ['failed', BAD, 'failed'],
};

/** @type {house.Looks} */
const CONFIGURATION = {
  1: ['current', GOOD, 'current'],
  2: ['unknown', UNKNOWN, 'unknown'],
  3: ['update failed', BAD, 'update_failed'],
};

const count = (/** @type {string} */ condition) => `count(${condition}) or vector(0)`;

const inStatus = (/** @type {string} */ status) =>
  count(`${connector('ztna_client_status', `status="${status}"`)} == 1`);

const numbers = () => {
  const small = { w: 4, h: 4, thresholds: house.noneIsGood() };
  return [
    house.number({
      ...small,
      title: 'Enabled',
      description: 'Clients that are on.',
      queries: [[inStatus('enabled'), '']],
      thresholds: house.neutral(),
    }),
    house.number({
      ...small,
      title: 'Fail closed',
      description:
        'Clients that block traffic since no tunnel can be established: their users cannot work.',
      queries: [[inStatus('fail_closed'), '']],
    }),
    house.number({
      ...small,
      title: 'Off by an error',
      description: 'Clients that are off and nobody switched them off.',
      queries: [[inStatus('disabled_error'), '']],
      thresholds: house.noneIsGood(WARN),
    }),
    house.number({
      ...small,
      title: 'Switched off',
      description: 'Clients that their user or an administrator switched off.',
      queries: [[inStatus('disabled'), '']],
      thresholds: house.steps([
        [null, GOOD],
        [1, BUSY],
      ]),
    }),
    house.number({
      ...small,
      title: 'Steering failed',
      description: 'Clients whose tunnel is up while traffic does not go into it.',
      queries: [[count(`${connector('ztna_steering_state', 'state="failed"')} == 1`), '']],
    }),
    house.number({
      ...small,
      title: 'Services in error',
      description: 'Services of clients that the vendor calls in error.',
      queries: [[count(`${connector('ztna_service_state', 'state="error"')} == 1`), '']],
    }),
  ];
};

const timelines = () => [
  house.timeline({
    title: 'Status of each client',
    description: 'What the client says of itself, at each time.',
    w: 12,
    h: 8,
    looks: STATUS,
    queries: [[house.stateOf('ztna_client_status', STATUS, { label: 'status' }), NAME]],
  }),
  house.timeline({
    title: 'Services',
    description: 'State of each service of each client.',
    w: 12,
    h: 8,
    looks: SERVICE,
    queries: [
      [
        house.stateOf('ztna_service_state', SERVICE, { by: `${ONE_CONNECTOR}, service` }),
        `{{service}} of ${NAME}`,
      ],
    ],
  }),
  house.timeline({
    title: 'Tunnel',
    description: 'By confirmed log lines and answers of the client’s own tool.',
    w: 8,
    h: 7,
    looks: TUNNEL,
    queries: [[house.stateOf('ztna_tunnel_state', TUNNEL), NAME]],
  }),
  house.timeline({
    title: 'Steering',
    description: 'Whether traffic is led into the tunnel. A tunnel that is up is not enough.',
    w: 8,
    h: 7,
    looks: STEERING,
    queries: [[house.stateOf('ztna_steering_state', STEERING), NAME]],
  }),
  house.timeline({
    title: 'Configuration',
    description: 'Whether the client could fetch its configuration, or goes on with an old one.',
    w: 8,
    h: 7,
    looks: CONFIGURATION,
    queries: [[house.stateOf('ztna_configuration_state', CONFIGURATION), NAME]],
  }),
];

/** When a reason to be impaired began, by the aspect that it shows in. */
const impaired = () => {
  const rows = [
    ['steering_failed', 'steering'],
    ['configuration_update_failed', 'configuration'],
    ['service_impaired', 'private_access|internet_security'],
  ].map(([reason, aspect]) => {
    const since = connector('ztna_state_changed_timestamp_seconds', `aspect=~"${aspect}"`);
    const isSo = `${connector('ztna_degraded', `reason="${reason}"`)} == 1`;
    const began = `max by (${ONE_CONNECTOR}) (${since}) and on (${ONE_CONNECTOR}) (${isSo})`;
    return `label_replace(${began}, "reason", "${reason}", "", "")`;
  });
  return `1000 * (\n  ${rows.join('\n  or ')}\n)`;
};

const matter = () => [
  house.rows({
    title: 'Impaired now',
    description:
      'Clients whose tunnel is up and that still do not do their work, why, and since when.',
    w: 12,
    h: 8,
    noValue: 'No client is impaired.',
    expression: impaired(),
    columns: [
      { of: 'connector', as: 'Client' },
      {
        of: 'reason',
        as: 'Why',
        mappings: house.wordsFor({
          steering_failed: ['traffic does not go into the tunnel', BAD],
          configuration_update_failed: ['configuration cannot be fetched', WARN],
          service_impaired: ['a service is in error or warns', WARN],
        }),
        links: [house.toRunbook('connector-degraded')],
        coloured: true,
        width: 260,
      },
      { of: 'Value', as: 'Since', unit: 'dateTimeFromNow', width: 160 },
      { of: 'instance', as: 'Agent', links: [house.toHost(), house.toAgentsPage()] },
    ],
    sortBy: [{ column: 'Since', descending: true }],
  }),
  house.graph({
    title: 'Fail closed and errors over time',
    description: 'Clients that block, are off by an error, or whose steering failed.',
    w: 12,
    h: 8,
    decimals: 0,
    queries: [
      [inStatus('fail_closed'), 'fail closed'],
      [inStatus('disabled_error'), 'off by an error'],
      [count(`${connector('ztna_degraded', 'reason="steering_failed"')} == 1`), 'steering failed'],
    ],
  }),
  house.graph({
    title: 'Flows',
    description: 'Connections by what the client did with them, a second.',
    unit: 'cps',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (event) (${house.rate(connector('ztna_events_total', 'event=~"flow.(tunneled|bypassed|blocked|exempted)"'))})`,
        '{{event}}',
      ],
    ],
  }),
  house.bars({
    title: 'Troubles by event',
    description: 'What went wrong: sign-in, names, tunnel, configuration, certificates.',
    w: 8,
    h: 8,
    queries: [
      [
        `sum by (event) (${house.grown(
          connector(
            'ztna_events_total',
            'event=~".+failed|authentication.requested|client.fail_closed|tunnel.disconnected|tls.error"',
          ),
        )}) > 0`,
        '{{event}}',
      ],
    ],
  }),
  house.graph({
    title: 'Round trip to gateways',
    description: 'As the client measures it: nine of ten round trips are faster.',
    unit: 's',
    w: 8,
    h: 8,
    queries: [
      [
        `histogram_quantile(0.9, sum by (pop, le) (${house.rate(connector('ztna_gateway_rtt_seconds_bucket'))}))`,
        '{{pop}}',
      ],
    ],
  }),
];

const facts = () => [
  house.rows({
    title: 'Versions',
    description: 'Clients of each version.',
    w: 8,
    h: 8,
    expression: `count by (kind, version) (${connector('ztna_connector_info', 'version!=""')})`,
    columns: [
      { of: 'kind', as: 'Kind' },
      { of: 'version', as: 'Version' },
      { of: 'Value', as: 'Clients', width: 80 },
    ],
    sortBy: [{ column: 'Clients', descending: true }],
  }),
  house.rows({
    title: 'How they are set up',
    description: 'As far as the vendor’s own tool tells. Names of people are not among it.',
    w: 16,
    h: 8,
    expression: connector('ztna_connector_info'),
    columns: [
      { of: 'connector', as: 'Client' },
      { of: 'version', as: 'Version' },
      { of: 'gateway', as: 'Gateway' },
      { of: 'pop', as: 'Point of presence' },
      { of: 'tunnel_protocol', as: 'Tunnel' },
      { of: 'steering_configuration', as: 'Steering' },
      { of: 'traffic_mode', as: 'Traffic' },
      { of: 'device_classification', as: 'Device' },
      { of: 'instance', as: 'Agent' },
    ],
    sortBy: [{ column: 'Client' }],
  }),
  house.rows({
    title: 'Configuration updated',
    description: 'When the client’s configuration was updated last, the oldest first.',
    w: 8,
    h: 7,
    noValue: 'No client’s tool tells it.',
    expression: `1000 * ${connector('ztna_configuration_updated_timestamp_seconds')}`,
    columns: [
      { of: 'connector', as: 'Client' },
      { of: 'Value', as: 'Updated', unit: 'dateTimeFromNow' },
    ],
    sortBy: [{ column: 'Updated' }],
  }),
  house.timeline({
    title: "The vendors' tools",
    description: 'Whether the client’s own tool could be asked. If it cannot, only the log tells.',
    w: 8,
    h: 7,
    looks: { 0: ['fails', BAD], 1: ['fine', GOOD] },
    queries: [
      [
        connector('ztna_probe_success', 'probe=~"nsdiag|stagentcli|cato-sdp"'),
        `{{probe}} of ${NAME}`,
      ],
    ],
  }),
  house.bars({
    title: 'Tools: failures by cause, and reconnects',
    description: 'Why a tool could not be asked; and tunnels that it showed younger than before.',
    w: 8,
    h: 7,
    queries: [
      [
        `sum by (probe, cause) (${house.grown(
          connector('ztna_probe_failures_total', 'probe=~"nsdiag|stagentcli|cato-sdp"'),
        )}) > 0`,
        '{{probe}}: {{cause}}',
      ],
      [`sum(${house.grown(connector('ztna_tunnel_reconnects_total'))})`, 'reconnects'],
    ],
  }),
];

export const clients = () =>
  house.page({
    uid: 'ztna-clients',
    title: 'Zero-trust connectors: endpoint clients',
    description: 'Clients on laptops: status, services, fail closed, impaired steering, versions.',
    connectors: 'kind!="netskope-publisher"',
    panels: [
      ...numbers(),
      ...timelines(),
      house.heading('What does not work'),
      ...matter(),
      house.heading('Versions, configuration, tools'),
      ...facts(),
    ],
  });

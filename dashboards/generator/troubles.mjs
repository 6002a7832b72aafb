// What may be wrong with a connector, its host or its agent, as one query.
//
// A row is a condition on states that the agent publishes, when it began, and the rule whose
// runbook says what to do. It follows the default rules but does not wait as they do: whoever
// looks wants to see what is bad now. Rules are told from each other by their ids, which a test
// compares with the rules themselves.

import { ONE_AGENT, ONE_CONNECTOR, agent, connector, scraped } from './words.mjs';

/** How much of the past the question "since when" may cost, in points. */
const LOOK_BACK = '[$__range:1m]';

/** Ids of rules, and what is wrong and to be done in the words of whoever is on call. */
export const TROUBLES = {
  'tunnel-down': [
    'Tunnel is down',
    'Is the host up, and does it reach its gateway? openssl s_client',
  ],
  'registration-failed': ['Registration failed', 'Token valid, TLS not inspected? Register again'],
  'client-fail-closed': [
    'Client blocks traffic',
    'No tunnel can be established: network, DNS, proxy',
  ],
  'steering-failed': ['Nothing goes into the tunnel', 'Restart the client; is another VPN there?'],
  'update-reconnect-failed': ['Not back after its update', 'docker ps; tail of agent.txt; support'],
  'service-error': ['A service of the client is in error', 'Signed in? Policy? Reconnect'],
  'tls-intercepted': ['TLS is inspected on the path', 'Exempt the vendor on the proxy'],
  'host-disk': ['File system nearly full', 'df -h; du -xh / | sort -h | tail'],
  'update-disk-precheck': ['No room for the next update', 'Free 300 MB before the update window'],
  'agent-away': ['Agent does not answer', 'systemctl status ztna-exporter; is the host up?'],
  'update-failed': ['Update failed', 'See the cause on the Publisher dashboard'],
  'certificate-expires-soon': ['A certificate expires in 2 days', 'Whose it is: ztna-exporter doctor'],
  'certificate-expiring': ['A certificate expires in 14 days', 'Whose it is: ztna-exporter doctor'],
  'tunnel-flapping': ['Tunnel does not hold', 'Loss on the line? A NAT that forgets connections?'],
  'log-silent': ['Nothing was logged for 26 hours', 'Does it run, and write to this file?'],
  'client-error': ['Client is off by an error', 'Restart the client, read its log'],
  'connector-degraded': ['Configuration is out of date', 'Does it reach the management plane?'],
  'service-warning': ['A service of the client is impaired', 'See what the client says'],
  'connector-silent': ['Nothing is heard of it', 'Does it run, and does it write its log?'],
  'probe-failed': ['A probe fails', 'Name, route, firewall, certificate: see its cause'],
  'host-cpu': ['Processors beyond the limit', 'top -o %CPU; more processors'],
  'host-memory': ['Memory beyond the limit', 'top -o %MEM; more memory'],
  'agent-fault': ['Agent cannot do its work', 'See the dashboard of the agent'],
};

/** @param {string} aspect */
const changed = (aspect) => connector('ztna_state_changed_timestamp_seconds', `aspect="${aspect}"`);

/**
 * Names the severity and the rule of what a condition finds.
 *
 * @param {'1 critical' | '2 warning'} severity
 * @param {string} rule
 * @param {string} vector
 */
const named = (severity, rule, vector) =>
  `label_replace(label_replace(${vector}, "severity", "${severity}", "", ""), "rule", "${rule}", "", "")`;

/**
 * A state of a connector, since its aspect changed.
 *
 * @param {string} condition a vector with one series a connector
 * @param {string} aspect
 */
const sinceChange = (condition, aspect) =>
  `(max by (${ONE_CONNECTOR}) (${changed(aspect)}) and on (${ONE_CONNECTOR}) (${condition}))`;

/**
 * A number that is not 0, since it was 0 last; 0 if that is longer ago than what is shown.
 *
 * @param {string} series
 * @param {string} by
 */
const sinceZero = (series, by) =>
  `(max by (${by}) (max_over_time(timestamp(${series} == 0)${LOOK_BACK})` +
  ` and ${series} > 0) or 0 * max by (${by}) (${series} > 0))`;

/** @param {string} family @param {string} state @param {string} label */
const is = (family, state, label = 'state') => `${connector(family, `${label}="${state}"`)} == 1`;

/** @param {string} names @returns {string} when one of these events happened last */
const lastOf = (names) =>
  `max by (${ONE_CONNECTOR}) (${connector('ztna_event_last_timestamp_seconds', `event=~"${names}"`)})`;

const SAID_OFF = lastOf('client.disabled');

/**
 * Clients that are off by their own word, and so in no trouble. The state alone is a guess: a
 * tunnel that was closed "by user" is down, as for the rule.
 */
export const OFF =
  `(${is('ztna_client_status', 'uninstalled', 'status')}` +
  ` or ${is('ztna_client_status', 'disabled', 'status')} and on (${ONE_CONNECTOR}) (${SAID_OFF} > 0` +
  ` unless on (${ONE_CONNECTOR}) ${SAID_OFF}` +
  ` < on (${ONE_CONNECTOR}) ${lastOf('client.enabled|client.installed|tunnel.connected')}))`;

/** The agent says itself since when; absent while all is well. @param {string} resource */
const breached = (resource) =>
  `max by (${ONE_AGENT}) (${agent('ztna_host_threshold_breached_timestamp_seconds', `resource="${resource}"`)})`;

/** @param {string} state @returns {string} a service's aspect carries its name */
const service = (state) => {
  const aspect = connector(
    'ztna_state_changed_timestamp_seconds',
    'aspect=~"private_access|internet_security"',
  );
  const impaired = `label_replace(${is('ztna_service_state', state)}, "aspect", "$1", "service", "(.+)")`;
  return `max by (${ONE_CONNECTOR}) (${aspect} and on (${ONE_CONNECTOR}, aspect) ${impaired})`;
};

/** Since a certificate had so many days left. @param {number} days */
const expiring = (days) => {
  const seconds = days * 86400;
  const expiry = connector('ztna_probe_certificate_expiry_timestamp_seconds');
  return `((${expiry} < time() + ${seconds}) - ${seconds})`;
};

/** Since it was connected last: the rule counts connects, and each one is a loss before. */
const flapping = () => {
  const connects = connector('ztna_events_total', 'event="tunnel.connected"');
  const often = `sum by (${ONE_CONNECTOR}) (increase(${connects}[30m])) >= 3.5`;
  return `(${lastOf('tunnel.connected')} and on (${ONE_CONNECTOR}) (${often}))`;
};

/** @type {[severity: '1 critical' | '2 warning', rule: keyof typeof TROUBLES, vector: string][]} */
const ROWS = [
  [
    '1 critical',
    'tunnel-down',
    sinceChange(
      `${connector('ztna_tunnel_state', 'state=~"disconnected|connecting"')} == 1` +
        ` unless on (${ONE_CONNECTOR}) (${OFF} or ${is('ztna_client_status', 'fail_closed', 'status')})`,
      'tunnel',
    ),
  ],
  [
    '1 critical',
    'registration-failed',
    sinceChange(is('ztna_registration_state', 'failed'), 'registration'),
  ],
  [
    '1 critical',
    'client-fail-closed',
    sinceChange(is('ztna_client_status', 'fail_closed', 'status'), 'client'),
  ],
  ['1 critical', 'steering-failed', sinceChange(is('ztna_steering_state', 'failed'), 'steering')],
  [
    '1 critical',
    'update-reconnect-failed',
    sinceChange(is('ztna_update_state', 'reconnect_failed'), 'update'),
  ],
  ['1 critical', 'service-error', service('error')],
  [
    '1 critical',
    'tls-intercepted',
    sinceZero(connector('ztna_probe_tls_intercepted'), `${ONE_CONNECTOR}, probe`),
  ],
  ['1 critical', 'host-disk', breached('disk')],
  ['1 critical', 'update-disk-precheck', breached('update_space')],
  ['1 critical', 'update-failed', sinceChange(is('ztna_update_state', 'failed'), 'update')],
  [
    '2 warning',
    'client-error',
    sinceChange(is('ztna_client_status', 'disabled_error', 'status'), 'client'),
  ],
  [
    '2 warning',
    'connector-degraded',
    sinceChange(is('ztna_degraded', 'configuration_update_failed', 'reason'), 'configuration'),
  ],
  ['2 warning', 'service-warning', service('connected_warning')],
  [
    '2 warning',
    'connector-silent',
    `(${connector('ztna_connector_last_heard_timestamp_seconds')}` +
      ` and on (${ONE_CONNECTOR}) (${connector('ztna_connector_silent')} == 1))`,
  ],
  [
    '2 warning',
    'probe-failed',
    `(${connector('ztna_probe_last_success_timestamp_seconds')}` +
      ` and on (${ONE_CONNECTOR}, probe) (${connector('ztna_probe_success')} == 0)` +
      ` or 0 * (${connector('ztna_probe_success')} == 0))`,
  ],
  ['1 critical', 'certificate-expires-soon', expiring(2)],
  [
    '2 warning',
    'certificate-expiring',
    `(${expiring(14)} unless on (${ONE_CONNECTOR}, probe) ${expiring(2)})`,
  ],
  ['2 warning', 'tunnel-flapping', flapping()],
  [
    '2 warning',
    'log-silent',
    `(${connector('ztna_log_last_read_timestamp_seconds', 'log="agent"')} < time() - 26 * 3600)`,
  ],
  ['2 warning', 'host-cpu', breached('cpu')],
  ['2 warning', 'host-memory', breached('memory')],
  ['2 warning', 'agent-fault', sinceZero(agent('ztna_agent_fault'), `${ONE_AGENT}, fault`)],
];

/** @param {string} vector @returns {string} with the label `at`: the agent that serves its runbook */
const servedByItself = (vector) => `label_replace(${vector}, "at", "$1", "instance", "(.+)")`;

/** Agents that are gone. Another one serves the runbook, if there is one. */
const away = () => {
  const gone =
    `(max by (${ONE_AGENT}) (max_over_time(timestamp(${agent('up')} == 1)${LOOK_BACK})` +
    ` and ${scraped()} == 0) or max by (${ONE_AGENT}) (${scraped()} == 0))`;
  const other = servedByItself(`topk(1, ${scraped()} == 1)`);
  const vector =
    `(${gone} * on () group_left (at) ${other}` +
    ` or on (${ONE_AGENT}) ${servedByItself(gone)})`;
  return named('1 critical', 'agent-away', vector);
};

/**
 * Rules whose runbook has another name than they: several share one. Read from the rules.
 *
 * @param {string} rules the text of alerts/rules/default.yaml
 * @returns {[rule: string, page: string][]}
 */
export const sharedPages = (rules) =>
  rules.split('\n  - id: ').flatMap((text) => {
    const [rule] = text.split('\n', 1);
    const page = /\n {4}runbook: docs\/runbooks\/([a-z-]+)\.md/.exec(text)?.[1];
    return page && page !== rule ? [/** @type {[string, string]} */ ([rule, page])] : [];
  });

/**
 * Adds the label `page` to series with the label `rule`: the runbook to read.
 *
 * @param {string} vector
 * @param {[rule: string, page: string][]} shared
 */
export const withPage = (vector, shared) =>
  [/** @type {[string, string]} */ (['(.+)', '$1']), ...shared].reduce(
    (inside, [rule, page]) => `label_replace(${inside}, "page", "${page}", "rule", "${rule}")`,
    vector,
  );

/** All that is wrong: one series each, whose value is when it began, in milliseconds. */
export const inTrouble = (/** @type {[rule: string, page: string][]} */ shared) => {
  const rows = ROWS.map(([severity, rule, vector]) => named(severity, rule, vector));
  const ours = shared.filter(([rule]) => rule in TROUBLES);
  const all = `${servedByItself(`(\n${rows.join('\nor\n')}\n)`)}\nor\n${away()}`;
  return `1000 * ${withPage(`(\n${all}\n)`, ours)}`;
};

/** When it began, for people; a 0 is longer ago than what is shown. */
export const LONG_AGO = { 0: ['before what is shown', undefined] };

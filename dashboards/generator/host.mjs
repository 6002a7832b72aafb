// The host of a connector: the limits, what comes near them, and where the kernel's own end.

import * as house from './house.mjs';
import * as limits from './limits.mjs';

const { BAD, GOOD, WARN, agent } = house;

const YES_NO = (/** @type {string} */ yes, /** @type {string} */ no) =>
  house.mappingsOf({ 1: [yes, GOOD], 0: [no, WARN] });

const numbers = () => {
  const small = { w: 4, h: 4 };
  return [
    house.number({
      ...small,
      title: 'Limits breached',
      description: 'Resources that have been in a bad way for long enough to be told of.',
      queries: [[`sum(${agent('ztna_host_threshold_breached')})`, '']],
      thresholds: house.noneIsGood(),
    }),
    house.number({
      ...small,
      title: 'Up for',
      description: 'Time since the host was started.',
      unit: 's',
      queries: [[`time() - ${agent('ztna_host_boot_time_seconds')}`, '{{instance}}']],
    }),
    house.number({
      ...small,
      title: 'Waits for a restart',
      description: 'An update of the system is installed and not in force.',
      queries: [[agent('ztna_host_reboot_pending'), '{{instance}}']],
      mappings: house.mappingsOf({ 0: ['no', GOOD], 1: ['yes', WARN] }),
    }),
    house.number({
      ...small,
      title: 'Clock',
      description: 'Tokens, certificates and the times in logs go by it.',
      queries: [[agent('ztna_host_clock_synchronised'), '{{instance}}']],
      mappings: YES_NO('kept by a time service', 'on its own'),
    }),
    house.number({
      ...small,
      title: 'Next update fits',
      description: 'Whether the 300 MB are free that the vendor looks for.',
      queries: [[agent('ztna_host_update_space_sufficient'), '{{instance}}']],
      mappings: house.mappingsOf({ 1: ['yes', GOOD], 0: ['no', BAD] }),
    }),
    house.number({
      ...small,
      title: 'System is supported',
      description: 'Whether the vendor supports a Publisher on this system.',
      queries: [[agent('ztna_host_os_supported'), '{{instance}}']],
      mappings: YES_NO('yes', 'no'),
      noValue: 'says nothing',
    }),
  ];
};

const limited = () => [
  limits.processors({ w: 6, h: 8 }),
  limits.memory({ w: 6, h: 8 }),
  limits.disk({ w: 6, h: 8 }),
  limits.updateSpace({ w: 6, h: 8 }),
];

const parts = () => [
  house.graph({
    title: 'Processors by what they do',
    description: 'Much iowait is a slow disk, much steal a busy machine below this one.',
    unit: 'percentunit',
    w: 8,
    h: 8,
    queries: [
      [`avg by (mode) (${agent('ztna_host_cpu_share_ratio', 'mode!="idle"')})`, '{{mode}}'],
    ],
  }),
  house.graph({
    title: 'Load by processor',
    description: 'Tasks that want to run, for each processor. Over 1 they wait.',
    w: 8,
    h: 8,
    queries: [
      [`${agent('ztna_host_load1')} / ${agent('ztna_host_processors')}`, '1 min {{instance}}'],
      [`${agent('ztna_host_load15')} / ${agent('ztna_host_processors')}`, '15 min {{instance}}'],
    ],
  }),
  house.graph({
    title: 'Memory',
    description: 'What is used, what can be had, and what caches hold.',
    unit: 'bytes',
    w: 8,
    h: 8,
    queries: [
      [`sum(${agent('ztna_host_memory_used_bytes')})`, 'used'],
      [`sum(${agent('ztna_host_memory_available_bytes')})`, 'available'],
      [`sum(${agent('ztna_host_memory_cached_bytes')})`, 'cached'],
      [
        `sum(${agent('ztna_host_swap_size_bytes')} - ${agent('ztna_host_swap_free_bytes')})`,
        'swap used',
      ],
    ],
  }),
  house.rows({
    title: 'File systems',
    description: 'Free share for everybody, the least first.',
    w: 8,
    h: 8,
    unit: 'percentunit',
    expression: `${agent('ztna_host_filesystem_avail_bytes')} / ${agent('ztna_host_filesystem_size_bytes')}`,
    columns: [
      { of: 'mountpoint', as: 'Where' },
      { of: 'Value', as: 'Free', unit: 'percentunit', width: 90 },
      { of: 'instance', as: 'Agent' },
    ],
    sortBy: [{ column: 'Free' }],
  }),
  house.graph({
    title: 'Inodes free',
    description: 'Share that is free. At 0 no file can be made, with bytes left over.',
    unit: 'percentunit',
    max: 1,
    w: 8,
    h: 8,
    queries: [
      [
        `${agent('ztna_host_filesystem_files_free')} / (${agent('ztna_host_filesystem_files')} > 0)`,
        '{{instance}} {{mountpoint}}',
      ],
    ],
  }),
  house.graph({
    title: 'Disks',
    description: 'Bytes read (above) and written (below) a second.',
    unit: 'Bps',
    min: undefined,
    w: 8,
    h: 8,
    queries: [
      [house.rate(agent('ztna_host_disk_read_bytes_total')), 'read {{instance}} {{device}}'],
      [
        `-${house.rate(agent('ztna_host_disk_written_bytes_total'))}`,
        'written {{instance}} {{device}}',
      ],
    ],
  }),
];

const WIRE = 'device!~"lo|ifb.*|docker.*|br-.*"';

const network = () => [
  house.graph({
    title: 'Network',
    description: 'Bytes received (above) and sent (below) a second, by interface.',
    unit: 'Bps',
    min: undefined,
    w: 8,
    h: 8,
    queries: [
      [
        house.rate(agent('ztna_host_network_receive_bytes_total', WIRE)),
        'received {{instance}} {{device}}',
      ],
      [
        `-${house.rate(agent('ztna_host_network_transmit_bytes_total', WIRE))}`,
        'sent {{instance}} {{device}}',
      ],
    ],
  }),
  house.graph({
    title: 'Errors and drops',
    description: 'Packets a second that were lost at an interface, both ways.',
    unit: 'pps',
    w: 8,
    h: 8,
    queries: ['receive_errs', 'transmit_errs', 'receive_drop', 'transmit_drop'].map((what) => [
      `sum by (instance) (${house.rate(agent(`ztna_host_network_${what}_total`))})`,
      `${what.replace('_', ' ')} {{instance}}`,
    ]),
  }),
  house.graph({
    title: "Where the kernel's tables end",
    description:
      'Share of the most there may be. At 1 new connections fail, whatever the Publisher does.',
    unit: 'percentunit',
    max: 1,
    w: 8,
    h: 8,
    thresholds: house.steps([
      [null, GOOD],
      [0.8, WARN],
      [0.95, BAD],
    ]),
    queries: [
      [
        `${agent('ztna_host_conntrack_entries')} / ${agent('ztna_host_conntrack_entries_limit')}`,
        'tracked connections {{instance}}',
      ],
      [
        `${agent('ztna_host_ephemeral_ports_used')} / on (job, site, instance) group_left () ${agent('ztna_host_ephemeral_ports')}`,
        'ports {{protocol}} {{instance}}',
      ],
      [
        `${agent('ztna_host_filefd_allocated')} / ${agent('ztna_host_filefd_maximum')}`,
        'open files {{instance}}',
      ],
    ],
  }),
];

const processes = () => [
  house.graph({
    title: 'Processes: memory',
    description: 'All of the connector’s counted as one, and beside it who holds most.',
    unit: 'bytes',
    w: 8,
    h: 8,
    queries: [[agent('ztna_host_process_resident_memory_bytes'), '{{process}} {{instance}}']],
  }),
  house.graph({
    title: 'Processes: processor',
    description: 'Share of one processor: the connector’s, and beside it who takes most.',
    unit: 'percentunit',
    w: 8,
    h: 8,
    queries: [[agent('ztna_host_process_cpu_ratio'), '{{process}} {{instance}}']],
  }),
  house.rows({
    title: 'Systems',
    description: 'Which system each host has.',
    w: 8,
    h: 8,
    expression: agent('ztna_host_info'),
    columns: [
      { of: 'instance', as: 'Agent', links: [house.toAgentsPage()] },
      { of: 'os', as: 'System' },
      { of: 'version', as: 'Version' },
      { of: 'kernel', as: 'Kernel' },
    ],
    sortBy: [{ column: 'Agent' }],
  }),
  house.timeline({
    title: 'What could be read',
    description:
      'Whether each part of the look at the host read all it should. What could not is absent above.',
    w: 16,
    h: 7,
    looks: { 0: ['not all', WARN], 1: ['all', GOOD] },
    queries: [[agent('ztna_host_collector_success'), '{{collector}} {{instance}}']],
  }),
  house.graph({
    title: 'Age of the last look',
    description: 'Time since the host was looked at. It should not pass the interval by much.',
    unit: 's',
    w: 8,
    h: 7,
    queries: [[`time() - ${agent('ztna_host_sampled_timestamp_seconds')}`, '{{instance}}']],
  }),
];

export const host = () =>
  house.page({
    uid: 'ztna-host',
    title: 'Zero-trust connectors: host',
    description:
      'The host of a connector: the limits, what comes near them, and the kernel’s own ends.',
    connectors: null,
    panels: [
      ...numbers(),
      ...limited(),
      house.heading('Processors, memory, disks'),
      ...parts(),
      house.heading('Network and kernel'),
      ...network(),
      house.heading('Processes, system, collectors'),
      ...processes(),
    ],
  });

// The host against the limits that the vendor gives, or the operator in their place.
//
// A limit is a series like any other (`ztna_host_threshold`), so the line that is drawn is the
// one that the agent goes by. Shared by the dashboards of Publishers and of hosts.

import { agent, graphWithLimit } from './house.mjs';

/** @param {string} resource @param {string} [words] @returns {import('./house.mjs').Query} */
const limit = (resource, words = 'limit') => [
  `max(${agent('ztna_host_threshold', `resource="${resource}"`)})`,
  words,
];

/** @param {{w: number, h: number}} size */
export const processors = (size) =>
  graphWithLimit({
    ...size,
    title: 'Processors against the limit',
    description:
      'Share of time that was used. Over the limit (75 % by the vendor) connections get slow.',
    unit: 'percentunit',
    max: 1,
    queries: [[agent('ztna_host_cpu_used_ratio'), '{{instance}}'], limit('cpu')],
  });

/** @param {{w: number, h: number}} size */
export const memory = (size) =>
  graphWithLimit({
    ...size,
    title: 'Memory against the limit',
    description: 'Share that cannot be had without swapping. The limit is 90 % by the vendor.',
    unit: 'percentunit',
    max: 1,
    queries: [[agent('ztna_host_memory_used_ratio'), '{{instance}}'], limit('memory')],
  });

/** @param {{w: number, h: number}} size */
export const disk = (size) =>
  graphWithLimit({
    ...size,
    title: 'Free disk against the limit',
    description:
      'Free space for everybody, of the ten file systems with least, those only to be read left out. ' +
      'Below the limit (1 GB by the vendor) the connector may stop.',
    unit: 'decbytes',
    queries: [
      [
        `bottomk(10, ${agent('ztna_host_filesystem_avail_bytes')}` +
          ` unless on (job, site, instance, mountpoint) (${agent('ztna_host_filesystem_readonly')} == 1))`,
        '{{instance}} {{mountpoint}}',
      ],
      limit('disk'),
    ],
  });

/** @param {{w: number, h: number}} size */
export const updateSpace = (size) =>
  graphWithLimit({
    ...size,
    title: 'Room for an update against the limit',
    description:
      'Free space where an update is written. The vendor looks for 300 MB and stops the update else.',
    unit: 'decbytes',
    queries: [[agent('ztna_host_update_space_bytes'), '{{instance}}'], limit('update_space')],
  });

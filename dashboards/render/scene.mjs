// The demo and a Prometheus that scrapes it each second, until there is something to look at.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';

const folder = mkdtempSync(join(tmpdir(), 'ztna-dashboards-'));
const children = [];

/** Ends what was started here, and removes what it left. */
export const end = () => {
  for (const child of children) child.kill();
  rmSync(folder, { recursive: true, force: true });
};

const start = (program, parameters) => {
  const options = { env: { ...process.env, TMPDIR: folder }, stdio: ['ignore', 'ignore', 'pipe'] };
  const child = spawn(program, parameters, options);
  children.push(child);
  child.on('error', (error) => {
    console.error(`${program}: ${error.message}`);
    process.exit(1);
  });
  return child;
};

/** The address that the agent says it listens on. */
const listening = async (agent) => {
  for await (const line of createInterface(agent.stderr)) {
    const said = JSON.parse(line);
    const fields = { ...said, ...said.fields };
    if (fields.message === 'listening') {
      agent.stderr.resume();
      return fields.address;
    }
  }
  throw new Error('the demo ended');
};

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

const answer = async (prometheus, query) => {
  const got = await fetch(`${prometheus}/api/v1/query?${new URLSearchParams({ query })}`);
  return Number((await got.json()).data.result[0]?.value[1] ?? 0);
};

/** Starts both and answers with Prometheus's address when it has so many seconds of data. */
export const play = async (binary, seconds) => {
  const agent = start(binary, [
    'demo',
    ...['--listen', '127.0.0.1:0', '--snmp-listen', '127.0.0.1:0', '--log-format', 'json'],
  ]);
  const target = await listening(agent);
  const port = await freePort();
  // What else is mounted where this runs is no matter of a picture.
  const usual = String.raw`{source_labels: [mountpoint], action: keep, regex: '(/|/boot|/home|/dev/shm|/var(/\w+)?)?'}`;
  const job =
    `{job_name: ztna, static_configs: [{targets: ["${target}"], labels: ` +
    `{site: frankfurt, instance: "fra-1:10942"}}], metric_relabel_configs: [${usual}]}`;
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs: [${job}]\n`,
  );
  const server = start('prometheus', [
    `--config.file=${join(folder, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  server.stderr.resume();
  const prometheus = `http://127.0.0.1:${port}`;
  for (let begun = 0; ; await setTimeout(1000)) {
    const since = await answer(prometheus, 'min(process_start_time_seconds)').catch(() => 0);
    begun ||= since;
    if (begun && begun + seconds <= Date.now() / 1000) return prometheus;
  }
};

// Draws the dashboards in Chromium on a live demo, and keeps pictures of them.
//
//   node render.mjs AGENT FOLDER [NAME...]
//
// AGENT is the built program. The demo lives for ten minutes first (ZTNA_SECONDS says
// otherwise), unless ZTNA_PROMETHEUS names a Prometheus that has data already. Ends with 1 if
// a panel cannot be drawn. Started by `./test --dashboards`; looked at by people.

import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

import { end, play } from './scene.mjs';

const [agent, folder, ...wanted] = process.argv.slice(2);
const seconds = Number(process.env.ZTNA_SECONDS ?? 600);
const here = dirname(fileURLToPath(import.meta.url));
const dashboards = process.env.ZTNA_DASHBOARDS ?? join(here, '../grafana');
const names = wanted.length ? wanted : ['overview', 'publisher', 'clients', 'host', 'agent'];

/** As page.jsx lays panels out. */
const ROW = 38;
const WIDTH = 1600;

const bundle = await build({
  entryPoints: [join(here, 'page.jsx')],
  bundle: true,
  write: false,
  minify: true,
  format: 'iife',
  jsx: 'automatic',
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: {
    '.ttf': 'empty',
    '.woff': 'empty',
    '.woff2': 'empty',
    '.svg': 'empty',
    '.png': 'empty',
  },
  outfile: 'page.js',
  logLevel: 'error',
});
const files = Object.fromEntries(
  bundle.outputFiles.map((file) => [
    file.path.endsWith('.css') ? '/page.css' : '/page.js',
    file.contents,
  ]),
);
files['/'] = `<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/page.css">
<style>body{margin:0;background:#111217;color:#ccccdc;font:14px Inter,Helvetica,Arial,sans-serif}
*{box-sizing:border-box}</style><div id="root"></div><script src="/page.js"></script>`;

let failed = false;

const answer = (incoming, outgoing) => {
  const { pathname } = new URL(incoming.url, 'http://localhost');
  if (pathname.startsWith('/api/')) {
    incoming.pipe(
      request(prometheus + incoming.url, (got) => {
        outgoing.writeHead(got.statusCode, { 'content-type': 'application/json' });
        got.pipe(outgoing);
      }),
    );
  } else if (pathname === '/told') {
    incoming.on('data', (text) => {
      failed ||= String(text).includes('FAILED');
      console.log(String(text));
    });
    incoming.on('end', () => outgoing.end());
  } else if (pathname.startsWith('/dashboards/')) {
    outgoing.end(readFileSync(join(dashboards, pathname.slice('/dashboards/'.length))));
  } else if (files[pathname]) {
    const type = pathname.endsWith('.js')
      ? 'text/javascript'
      : pathname.endsWith('.css')
        ? 'text/css'
        : 'text/html';
    outgoing.writeHead(200, { 'content-type': type });
    outgoing.end(files[pathname]);
  } else {
    outgoing.writeHead(404).end();
  }
};

/** Grafana draws what it shows only; here all of it is shown, so the window is as high. */
const heightOf = (name) => {
  const { panels } = JSON.parse(readFileSync(join(dashboards, `${name}.json`), 'utf8'));
  return ROW * Math.max(...panels.map(({ gridPos }) => gridPos.y + gridPos.h)) + 8;
};

const picture = (name, port) =>
  new Promise((resolve, reject) => {
    const profile = mkdtempSync(join(tmpdir(), 'ztna-render-'));
    const chromium = spawn(
      'chromium',
      [
        '--headless',
        '--no-sandbox',
        '--hide-scrollbars',
        `--user-data-dir=${profile}`,
        `--window-size=${WIDTH},${heightOf(name)}`,
        // On a busy machine graphs are drawn late.
        '--virtual-time-budget=120000',
        `--screenshot=${join(folder, `dashboard-${name}.png`)}`,
        `http://127.0.0.1:${port}/?name=${name}&seconds=${seconds}`,
      ],
      { stdio: 'ignore' },
    );
    chromium.on('error', reject);
    chromium.on('exit', (code) => {
      rmSync(profile, { recursive: true, force: true });
      if (code === 0) resolve();
      else reject(new Error(`chromium ended with ${code}`));
    });
  });

mkdirSync(folder, { recursive: true });
process.on('exit', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));
const prometheus = process.env.ZTNA_PROMETHEUS ?? (await play(agent, seconds));
// Queries stand in the address here, and the table of troubles is longer than node expects.
const server = createServer({ maxHeaderSize: 2 ** 17 }, answer).listen(0, '127.0.0.1', async () => {
  for (const name of names) await picture(name, server.address().port);
  process.exit(failed ? 1 : 0);
});

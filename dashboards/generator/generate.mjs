// Writes all dashboards as JSON, into ../grafana or the folder that is named.
//
//   npm ci && node generate.mjs [FOLDER [RULES]]
//
// RULES is the file of the default rules, which runbooks are found by. The same sources give
// the same bytes: a test compares them with the committed files.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { agents } from './agent.mjs';
import { clients } from './clients.mjs';
import { host } from './host.mjs';
import { overview } from './overview.mjs';
import { publisher } from './publisher.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const [folder, rules] = [
  process.argv[2] ?? join(here, '../grafana'),
  process.argv[3] ?? join(here, '../../alerts/rules/default.yaml'),
];
const files = { overview, publisher, clients, host, agent: agents };

mkdirSync(folder, { recursive: true });
for (const [name, page] of Object.entries(files)) {
  const text = JSON.stringify(page(readFileSync(rules, 'utf8')), null, 2);
  writeFileSync(join(folder, `${name}.json`), `${text}\n`);
}

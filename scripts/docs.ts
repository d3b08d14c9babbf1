// npm run docs: writes .env.example, docs/settings.md and the table in README.md from what the rooms declare,
// docs/metrics.md from what is measured, docs/thresholds.md from the rules that hold without a file, docs/clients.md from the
// requests that the tests replay, and what is served to pages of others from browser/.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { durationText } from '../src/base/duration.ts';
import type { Level, Room, Setting } from '../src/base/setting.ts';
import { ROOMS } from '../src/config/rooms.ts';
import { MINUTE } from '../src/core/time.ts';
import { clientsPage } from './clients-page.ts';
import { metricsPage } from './metrics-page.ts';
import { apiTypes, openapiPage } from './openapi-page.ts';
import { statusScript } from './status-script.ts';
import { table } from './table.ts';
import { thresholdsPage } from './thresholds-page.ts';

type Named = Setting & { name: string };

const LEVELS: readonly Level[] = ['needed', 'usual', 'rarely'];
const WIDTH = 120;
const rooms: readonly Room[] = ROOMS;

/** What each generated file is to hold; of README.md only the table is written. */
export async function generated(readme: string): Promise<Record<string, string>> {
  return {
    '.env.example': envExample(),
    'docs/settings.md': settingsPage(),
    'docs/clients.md': clientsPage(),
    'docs/metrics.md': metricsPage(),
    'docs/openapi.md': openapiPage(),
    'docs/homing-api.d.ts': await apiTypes(),
    'docs/thresholds.md': thresholdsPage(),
    'README.md': withTable(readme),
    'src/http/status-script.ts': statusScript(),
  };
}

function envExample(): string {
  const part = (title: string, settings: readonly Named[]): string =>
    [heading(title), '', ...settings.map(entry)].join('\n');
  const all = rooms.flatMap((room) => of(room));
  const rare = rooms.map((room) => [room.title, of(room, 'rarely')] as const).filter(([, some]) => some.length > 0);
  const parts = [
    part('Needed by "homing start"', at(all, 'needed')),
    part('Usual', at(all, 'usual')),
    ...rare.map(([title, settings]) => part(`Rarely: ${title}`, settings)),
  ];
  return `${ENV_HEAD}\n${parts.join('\n\n')}\n`;
}

const ENV_HEAD = `# Every setting of Homing, with its default; written by "npm run docs". "homing" reads a copy of this file as .env from
# the working directory; what the environment sets already wins. Durations read 250ms, 30s, 4m, 8h or 3d. Put values that
# hold a # in quotes. "homing doctor" says whether all of it fits together.
`;

const heading = (title: string): string => `# --- ${title} `.padEnd(WIDTH - 2, '-');

function entry(setting: Named): string {
  const { name, level } = setting;
  const line = level === 'needed' ? `${name}=` : `# ${name}=${defaultOf(setting)}`;
  return `${commented(setting.says)}\n${line}`;
}

function commented(text: string): string {
  const lines = ['#'];
  for (const word of text.split(' ')) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length > WIDTH) lines.push(`# ${word}`);
    else lines[lines.length - 1] = line;
  }
  return lines.join('\n');
}

function settingsPage(): string {
  const sections = rooms.map((room) => {
    const rows = LEVELS.flatMap((level) => of(room, level)).map((s) => [`\`${s.name}\``, cell(s), s.level, meaning(s)]);
    return `## ${room.title}\n\n${table(['setting', 'default', 'needed', 'meaning'], rows)}\n`;
  });
  return [PAGE_HEAD, ...sections].join('\n');
}

const PAGE_HEAD = `# Settings

Written by \`npm run docs\` from what each part of the program declares.

All settings come from the environment, and from a file \`.env\` in the working directory, of which
[\`.env.example\`](../.env.example) is the model; what the environment sets already wins. A wrong or missing value stops the
start with every problem listed at once and exit code 78; no value is ever printed. Names that look like a slip of a
known one are told at the start and by \`homing doctor\`.

Durations read \`250ms\`, \`30s\`, \`4m\`, \`8h\` or \`3d\`. Lists are separated by commas. Space around a value, line ends included,
is left out; quotes that reach the program (as with \`docker run --env-file\`) are refused. Three settings are needed, a
dozen are usual, and the rest is there for the day that needs it.
`;

const README_TABLE = /<!-- settings -->[\s\S]*?<!-- \/settings -->/;

function withTable(readme: string): string {
  const all = rooms.flatMap((room) => of(room));
  const rows = [...at(all, 'needed'), ...at(all, 'usual')].map((s) => [`\`${s.name}\``, cell(s), s.says]);
  const shown = table(['setting', 'default', 'meaning'], rows);
  return readme.replace(README_TABLE, () => `<!-- settings -->\n\n${shown}\n\n<!-- /settings -->`);
}

function of(room: Room, level?: Level): Named[] {
  const all = Object.entries(room.settings).map(([name, setting]) => ({ name, ...setting }));
  return level === undefined ? all : at(all, level);
}

const at = (settings: readonly Named[], level: Level): Named[] => settings.filter((s) => s.level === level);

/** What is not set and follows the retry unit is shown as it is with the default unit. */
const defaultOf = ({ default: fallback, follows }: Setting): string =>
  fallback ?? (follows ? durationText(follows(MINUTE, MINUTE)) : '');

const cell = (setting: Setting): string => (defaultOf(setting) === '' ? '' : `\`${defaultOf(setting)}\``);

const meaning = ({ says, unset }: Setting): string => (unset === undefined ? says : `${says} Without it ${unset}.`);

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = (name: string): string => fileURLToPath(new URL(`../${name}`, import.meta.url));
  for (const [name, text] of Object.entries(await generated(readFileSync(file('README.md'), 'utf8'))))
    writeFileSync(file(name), text);
}

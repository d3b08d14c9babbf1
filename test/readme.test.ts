// What README.md and docs/ say is held to what there is: files, commands, scripts, settings, routes, names.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Command } from 'commander';
import { generated } from '../scripts/docs.ts';
import { parseRules } from '../src/classifier/own-rules.ts';
import type { Terminal } from '../src/commands/common/terminal.ts';
import { SETTINGS } from '../src/config/config.ts';
import { STATES } from '../src/core/delivery.ts';
import { CLASSES } from '../src/core/message-class.ts';
import { CAUSES, DECISIONS } from '../src/core/verdict.ts';
import { everyCommand } from './commands/support.ts';
import { start } from './http/support.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8');
const pageOf = (name: string) => (name.endsWith('.md') ? [`docs/${name}`] : []);
const PAGES = ['README.md', ...readdirSync(join(ROOT, 'docs')).flatMap(pageOf)];

/** What a pattern finds in the pages, each with the page that it stands on. */
const found = (pattern: RegExp, pages = PAGES): { page: string; text: string }[] =>
  pages.flatMap((page) => [...read(page).matchAll(pattern)].map((match) => ({ page, text: match[1] ?? match[0] })));

/** Code in a line, and lines in a block of shell. */
const CODE = /`([^`\n]+)`|^(?:npm|homing|curl|cp) .+$/gm;
const codes = found(CODE).map(({ page, text }) => ({ page, text: text.replace(/\s+#.*$/, '') }));

for (const [name, text] of Object.entries(await generated(read('README.md')))) {
  test(`${name} tells what the program and the tests declare (npm run docs)`, () => assert.equal(read(name), text));
}

test('every link leads to a page that is there, and to a heading of it', () => {
  const anchorsOf = (page: string) =>
    [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      (title ?? '')
        .toLowerCase()
        .replace(/[^\w\s-]/g, '')
        .replace(/ /g, '-'),
    );
  const isDead = ({ page, text }: { page: string; text: string }) => {
    const [file = '', anchor] = text.split('#');
    const target = file === '' ? page : join(dirname(page), file);
    return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  };
  assert.deepEqual(found(/\]\((?!https?:)([^)\s]+)\)/g).filter(isDead), []);
});

test('every page stands in the index', () => {
  const linked = found(/\]\(([a-z-]+\.md)\)/g, ['docs/README.md']).map(({ text }) => `docs/${text}`);
  assert.deepEqual(linked.sort(), PAGES.filter((page) => !page.endsWith('README.md')).sort());
});

test('every file and folder that is named exists', () => {
  const paths = codes.filter(({ text }) => /^(?:src|test|scripts|docs|migrations|\.ci|\.env\.)[\w./-]*$/.test(text));
  assert.ok(paths.length > 10);
  assert.deepEqual(
    paths.filter(({ text }) => !existsSync(join(ROOT, text))),
    [],
  );
});

test('the page about the architecture names every room', () => {
  const rooms = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const text = read('docs/architecture.md');
  assert.deepEqual(
    rooms.map(({ name }) => name).filter((name) => !text.includes(`\`src/${name}\``)),
    [],
  );
});

test('every npm script that is named exists', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const named = found(/npm (?:run (?:-s )?)?([a-z][a-z:-]*)/g);
  assert.deepEqual(
    named.filter(({ text }) => !(text in scripts) && !['ci', 'install', 'pack', 'i', 'root'].includes(text)),
    [],
  );
});

/** The commands and their options, as the program has them. */
async function program(): Promise<Command> {
  const root = new Command('homing');
  (await everyCommand())(root, {} as Terminal);
  return root;
}

/** What is wrong with a command line that a page shows; null when nothing is. */
function wrongWith(root: Command, line: string): string | null {
  let command = root;
  for (const word of line.split(' ')) {
    const below = command.commands.find((one) => one.name() === word);
    if (below) command = below;
    else if (command === root || command.commands.length > 0) return `no command ${word}`;
    else if (word.startsWith('--') && !['--json', '--help'].includes(word))
      if (!command.options.some(({ long }) => long === word)) return `no option ${word}`;
  }
  return null;
}

test('every command that is named exists, with the options that are shown', async () => {
  const root = await program();
  const lines = codes
    .map(({ page, text }) => ({
      page,
      line: /^(?:npm run -s homing -- |npm run (?=report)|homing )([a-z].*)$/.exec(text)?.[1],
    }))
    .flatMap(({ page, line }) => (line === undefined ? [] : [{ page, line: line.replace(/^report -- /, 'report ') }]));
  assert.ok(lines.length > 25);
  assert.deepEqual(
    lines.map(({ page, line }) => ({ page, line, wrong: wrongWith(root, line) })).filter(({ wrong }) => wrong !== null),
    [],
  );
  const told = new Set(lines.map(({ line }) => line.split(' ')[0]));
  assert.deepEqual(
    root.commands.map((one) => one.name()).filter((name) => !told.has(name)),
    [],
  );
});

test('every setting that is named exists', () => {
  const others = new Set([
    'HOMING_URL',
    'HOMING_TOKEN',
    'TOKEN',
    'SIGTERM',
    'SIGINT',
    'POST',
    'GET',
    'DELETE',
    'FILE',
    'SMTP',
    // A variable that somebody names.
    'NAME',
    'NEW_DATABASE_URL',
    // Of glibc.
    'MALLOC_MMAP_THRESHOLD_',
    // Those of the files that daemons are deployed with.
    ...['deploy/haproxy.cfg', 'deploy/caddy/Caddyfile', 'compose.yml'].flatMap(
      (file) => read(file).match(/\b(?:BACKUP|HOMING|MARIADB)_[A-Z]+\b/g) ?? [],
    ),
  ]);
  const names = codes.flatMap(({ page, text }) =>
    (/^(?:GET|POST|DELETE) /.test(text) ? [] : (text.match(/\b[A-Z][A-Z_]{3,}\b/g) ?? [])).map((name) => ({
      page,
      name,
    })),
  );
  assert.ok(names.length > 50);
  assert.deepEqual(
    names.filter(({ name }) => !SETTINGS.has(name) && !others.has(name)),
    [],
  );
});

test('every route that is named is served', async (t) => {
  const metrics = { tokens: [], read: async () => ({ text: '', contentType: 'text/plain' }) };
  const { url } = await start(t, { metrics });
  const routes = found(/`((?:GET|POST|DELETE) \/[\w/:.-]*)`/g).map(({ text }) => text);
  assert.ok(routes.length > 15);
  for (const route of new Set(routes)) {
    const [method = '', path = ''] = route.split(' ');
    const reply = await fetch(url + path.replace(/:\w+/, 'x'), { method });
    assert.doesNotMatch(await reply.text(), /there is nothing here|not with this method/, route);
  }
});

test('every state, class, cause and decision is explained', () => {
  const pages = { 'docs/retries.md': [...STATES, ...CLASSES], 'docs/classifier.md': [...CAUSES, ...DECISIONS] };
  for (const [page, words] of Object.entries(pages))
    assert.deepEqual(
      words.filter((word) => !read(page).includes(`\`${word}\``)),
      [],
      page,
    );
});

test('the rules that are shown can be used', () => {
  const [shown] = /```json\n([\s\S]*?)```/.exec(read('docs/classifier.md'))?.slice(1) ?? [];
  const { count, problems } = parseRules(shown ?? '');
  assert.deepEqual([count, problems], [1, []]);
});

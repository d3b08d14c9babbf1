// Who may import whom, and who may touch what. A violation is named with its file and line.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/**
 * Every folder, and what may be imported from where: a name stands for the folder and those in it. The order is that of
 * the flow, and nothing imports what stands below it.
 */
const MAY_IMPORT: Record<string, readonly string[]> = {
  // The model: pure, and without any knowledge of the rest.
  core: [],
  'core/decision': ['core'],
  'core/care': ['core'],
  'core/words': ['core', 'core/care'],
  'core/figures': ['core', 'core/words'],
  'core/thresholds': ['core', 'core/words', 'core/figures'],
  // What a server's reply means: pure as well.
  'classifier/engine': ['core'],
  'classifier/rules': ['classifier/engine'],
  classifier: ['core', 'classifier/engine', 'classifier/rules'],
  // Small tools that know nothing of mail.
  base: ['core'],
  // A message in the hand.
  mail: ['core'],
  // All SQL.
  'store/db': ['core', 'base'],
  'store/notes': ['core', 'base', 'store/db'],
  'store/rows': ['core', 'store/db'],
  'store/projections': ['core', 'core/figures', 'base', 'store/db', 'store/notes', 'store/rows'],
  'store/figures': ['core', 'core/figures', 'core/care', 'core/words', 'base', 'store/db', 'store/notes', 'store/rows'],
  'store/ledger': ['core', 'base', 'store/db', 'store/notes', 'store/rows', 'store/projections', 'store/figures'],
  'store/messages': ['core', 'base', 'store/db', 'store/notes', 'store/rows', 'store/ledger'],
  'store/thresholds': [
    'core',
    'core/figures',
    'core/thresholds',
    'base',
    'store/db',
    'store/notes',
    'store/rows',
    'store/ledger',
  ],
  'store/inbox': ['core', 'base', 'store/db', 'store/rows'],
  store: [
    'core',
    'classifier',
    'base',
    'store/db',
    'store/notes',
    'store/rows',
    'store/projections',
    'store/figures',
    'store/ledger',
    'store/messages',
    'store/inbox',
    'store/thresholds',
  ],
  // Those who take mail. They know the contract and nothing of each other.
  providers: ['core', 'base', 'mail'],
  'providers/common': ['core', 'base', 'mail'],
  'providers/smtp': ['core', 'base', 'mail', 'providers', 'providers/common'],
  'providers/mailgun': ['core', 'base', 'mail', 'providers', 'providers/common'],
  'providers/mailersend': ['core', 'base', 'mail', 'providers', 'providers/common'],
  'providers/sendgrid': ['core', 'base', 'mail', 'providers', 'providers/common'],
  'providers/registry': ['core', 'base', 'providers'],
  // The stages. They meet in the tables, not in each other's files.
  intake: ['core', 'base', 'mail', 'store'],
  inbox: ['core', 'base', 'mail', 'store'],
  dispatch: ['core', 'base', 'mail', 'store', 'providers'],
  reconcile: ['core', 'base', 'store', 'providers'],
  operate: ['core', 'base', 'store'],
  outage: ['core', 'base', 'store', 'providers'],
  care: ['core', 'base', 'store', 'providers'],
  events: ['core', 'base', 'store', 'providers'],
  'tell/summary/charts': ['core'],
  'tell/summary': ['core', 'base', 'tell/summary/charts'],
  'tell/channels': ['core', 'base', 'providers', 'tell/summary'],
  'tell/thresholds': ['core', 'base', 'store'],
  tell: ['core', 'base', 'store', 'providers', 'tell/summary', 'tell/channels', 'tell/thresholds'],
  // What is measured of all of it, for those who watch.
  metrics: ['core', 'base', 'store', 'providers'],
  // Faces: what people and programs see.
  contract: ['core', 'base', 'store'],
  // What applications use. The client is a package of its own, and the library adds the database to it.
  client: ['core', 'base', 'mail'],
  library: ['core', 'base', 'mail', 'store', 'intake', 'operate', 'contract', 'client'],
  bounces: ['core', 'base', 'mail', 'store', 'providers'],
  'http/limits': ['core', 'base'],
  http: ['core', 'base', 'http/limits', 'mail', 'store', 'providers', 'intake', 'operate', 'contract'],
  'dashboard/texts': ['core'],
  'dashboard/desk': ['core', 'classifier', 'base', 'http', 'store', 'operate', 'dashboard/texts'],
  'dashboard/search': ['core', 'base', 'store', 'dashboard/desk'],
  'dashboard/pages': [
    'core',
    'classifier',
    'base',
    'http',
    'mail',
    'store',
    'operate',
    'contract',
    'tell',
    'dashboard/desk',
    'dashboard/search',
  ],
  dashboard: ['dashboard/desk', 'dashboard/pages'],
  // The settings of all rooms, gathered: from those of `ROOMS` it takes nothing else.
  config: [
    'core',
    'classifier',
    'base',
    'store/db',
    'providers',
    'intake',
    'inbox',
    'dispatch',
    'reconcile',
    'operate',
    'outage',
    'care',
    'events',
    'tell',
    'http',
    'dashboard',
    'bounces',
    'drill',
    'metrics',
    'backup',
  ],
  // Stand-ins for the world outside, and plays with them.
  'lab/sim': ['core', 'base', 'mail'],
  'lab/servers': ['core', 'store', 'lab/sim'],
  'lab/campaign': ['core', 'base', 'mail', 'store', 'providers', 'lab/sim', 'lab/servers'],
  daemon: [
    'core',
    'classifier',
    'base',
    'config',
    'store',
    'providers',
    'intake',
    'inbox',
    'dispatch',
    'reconcile',
    'operate',
    'outage',
    'care',
    'events',
    'tell',
    'http',
    'dashboard',
    'bounces',
    'drill',
    'metrics',
    'backup',
  ],
  // Drills: what is due and made by itself, how one is played and judged, and what is written of it.
  'drill/judge': ['core'],
  'drill/play': ['core', 'base', 'mail', 'config', 'daemon', 'drill/judge', 'lab/sim'],
  'drill/report': ['core', 'base', 'tell/summary'],
  drill: ['core', 'base', 'store'],
  // Backups: made, and read in again.
  backup: ['core', 'base', 'store'],
  'backup/drill': [
    'core',
    'base',
    'config',
    'store',
    'providers',
    'intake',
    'inbox',
    'dispatch',
    'reconcile',
    'operate',
    'daemon',
    'lab/sim',
    'backup',
  ],
  'lab/demo': ['core', 'base', 'config', 'daemon', 'lab/sim'],
  'commands/common': ['core', 'base', 'config', 'store', 'providers', 'care'],
  'commands/alerts': [
    ...['core', 'base', 'config', 'store', 'providers', 'operate', 'tell', 'contract', 'commands/common'],
  ],
  'commands/doctor': ['core', 'base', 'config', 'store', 'providers', 'intake', 'care', 'tell', 'commands/common'],
  'commands/explain': ['core', 'store', 'contract', 'commands/common'],
  'commands/probe': ['core', 'base', 'mail', 'providers', 'commands/common'],
  'commands/report': ['core', 'store', 'tell', 'commands/common'],
  commands: [
    'core',
    'classifier',
    'base',
    'mail',
    'config',
    'store',
    'providers',
    'intake',
    'operate',
    'care',
    'tell',
    'contract',
    'http',
    'dashboard/desk',
    'daemon',
    'drill',
    'backup',
    'lab/demo',
    'commands',
  ],
};

/** Packages that the model may use: none but what computes. */
const PURE = new Set(['node:crypto', 'node:url']);
const STAGES = ['intake', 'inbox', 'dispatch', 'reconcile', 'operate', 'outage', 'care', 'events', 'tell'];
const LOOSE = ['src/cli.ts', 'src/index.ts'];

type Line = { file: string; number: number; text: string };
type Rule = { finds: RegExp; mayBeIn: (file: string) => boolean };

const within =
  (...places: string[]) =>
  (file: string): boolean =>
    places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));

const RULES: Record<string, Rule> = {
  'the environment is read in one place': {
    finds: /\bprocess\.env\b/,
    // What the lab starts as a process of its own has to be found on the path.
    mayBeIn: within('src/config/env.ts', 'src/cli.ts', 'src/lab/servers/', 'src/lab/campaign/daemon.ts'),
  },
  'the time is an argument': {
    finds: /\bDate\.now\b|\bnew Date\b(?!\([^)])|(?<!new )\bDate\(|\bperformance\.now\b/,
    // A deadline of a request on the wire is measured on the clock that never goes back.
    mayBeIn: within(
      'src/cli.ts',
      'src/daemon/daemon.ts',
      'src/daemon/work.ts',
      'src/base/spool.ts',
      'src/base/deadline.ts',
      'src/base/wait.ts',
      'src/providers/common/exchange.ts',
      'src/store/db/line.ts',
      'src/client/',
      'src/library/',
      'src/lab/',
      // Runs in pages of others.
      'src/http/status-script.ts',
    ),
  },
  'one module waits': {
    finds: /\bset(?:Timeout|Interval)\(/,
    mayBeIn: within('src/base/wait.ts', 'src/lab/', 'src/http/status-script.ts'),
  },
  'nothing is left to chance': { finds: /\bMath\.random\b/, mayBeIn: within('src/lab/sim/') },
  'SQL is written in the store': {
    finds: /\bfrom 'knex'|\.raw\(|\.db\(|\bdb\('/,
    // The verdict on a campaign looks at the tables themselves.
    mayBeIn: within('src/store/', 'migrations/', 'src/lab/servers/', 'src/lab/campaign/verdict.ts'),
  },
  'what is there already is left alone in one way': {
    // MySQL's `INSERT IGNORE` turns the errors of strict mode into cuts.
    finds: /\.ignore\(|\.merge\(\['/,
    mayBeIn: within('src/store/db/statements.ts'),
  },
  'Koa is known to http and the dashboard alone': {
    finds: /\bfrom '(?:koa|@koa\/\w+)'/,
    mayBeIn: within('src/http/', 'src/dashboard/'),
  },
};

function sources(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return entries.filter((e) => e.endsWith('.ts')).map((e) => join(folder, e));
}

/** The lines of a file, its comments left out: they may speak of what the code must not do. */
function linesOf(file: string, source = readFileSync(join(ROOT, file), 'utf8')): Line[] {
  const bare = source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|\s)\/\/.*$/gm, '$1');
  return bare.split('\n').map((text, i) => ({ file, number: i + 1, text }));
}

const folderOf = (file: string): string => dirname(file).replace(/^src\/?/, '');

const IMPORT =
  /(?:^|;)\s*(?:(?:import|export)\b.*\bfrom|\}\s*from|import)\s*['"]([^'"]+)['"]|\bimport\(\s*['"`]([^'"`]+)['"`]/;

/** What an import is: a path of ours from the root, or the name of a package. */
function targetOf({ file, text }: Line): string | null {
  const found = IMPORT.exec(text);
  const target = found?.[1] ?? found?.[2] ?? null;
  if (target === null) return null;
  return target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
}

/** `store` allows `store/db` too; the folder itself is always allowed. */
const allows = (allowed: readonly string[], folder: string, other: string): boolean =>
  other === folder || allowed.some((name) => other === name || (name !== 'core' && other.startsWith(`${name}/`)));

function strayImport(line: Line): string | null {
  const folder = folderOf(line.file);
  const target = targetOf(line);
  if (folder === '' || target === null) return null;
  const allowed = MAY_IMPORT[folder];
  if (!allowed) return `the folder ${folder} has no place`;
  if (target.startsWith('src/')) {
    const other = folderOf(target);
    // What is said of a model as a whole holds for its words and figures.
    const ok =
      allows(allowed, folder, other) ||
      (other.startsWith('core/') && allowed.includes('core') && !folder.startsWith('core'));
    return ok ? null : `${folder} must not import ${other}`;
  }
  const isPackage = !target.startsWith('..') && !target.includes('.ts');
  if (isPackage && (!/^(?:core|classifier)\b/.test(folder) || PURE.has(target))) return null;
  return `${folder} must not import ${target}`;
}

const named = ({ file, number, text }: Line, what: string): string => `${file}:${number} ${what}: ${text.trim()}`;

const SOURCES = sources('src');

test('every part imports only what it may', () => {
  const strays = SOURCES.flatMap((file) => linesOf(file)).flatMap((line) => {
    const stray = strayImport(line);
    return stray === null ? [] : [named(line, stray)];
  });
  assert.deepEqual(strays, []);
});

test('every folder has its place, and every place is a folder', () => {
  const folders = new Set(SOURCES.map(folderOf).filter((folder) => folder !== ''));
  assert.deepEqual(Object.keys(MAY_IMPORT).sort(), [...folders].sort());
});

test('scripts import nothing from the tests', () => {
  const strays = sources('scripts')
    .flatMap((file) => linesOf(file))
    .filter((line) => targetOf(line)?.startsWith('test/') === true || /['"`](?:\.\.\/)+test\//.test(line.text));
  assert.deepEqual(
    strays.map((line) => named(line, 'imports a test')),
    [],
  );
});

test('what the package leaves out is a folder, and imported by nothing that is in it', () => {
  const { exclude } = JSON.parse(readFileSync(join(ROOT, 'tsconfig.build.json'), 'utf8')) as { exclude: string[] };
  const isLeftOut = (file: string) => exclude.some((folder) => file.startsWith(`${folder}/`));
  assert.deepEqual(
    exclude.filter((folder) => !existsSync(join(ROOT, folder))),
    [],
  );
  const strays = SOURCES.filter((file) => !isLeftOut(file))
    .flatMap((file) => linesOf(file))
    .filter((line) => isLeftOut(targetOf(line) ?? ''));
  assert.deepEqual(
    strays.map((line) => named(line, 'imports what is not in the package')),
    [],
  );
});

test('nothing lies loose in front of the door', () => {
  assert.deepEqual(SOURCES.filter((file) => dirname(file) === 'src').sort(), LOOSE);
});

test('no stage knows another', () => {
  for (const stage of STAGES)
    for (const other of STAGES.filter((name) => name !== stage))
      assert.ok(!allows(MAY_IMPORT[stage] ?? [], stage, other), `${stage} may import ${other}`);
});

test('the configuration takes from the rooms nothing but what they declare', () => {
  const own = new Set(['core', 'core/thresholds', 'classifier', 'base', 'config']);
  const taken = SOURCES.filter((file) => folderOf(file) === 'config')
    .flatMap((file) => linesOf(file).map(targetOf))
    .filter((target) => target?.startsWith('src/') && !own.has(folderOf(target)));
  assert.deepEqual(
    taken.filter((target) => !target?.endsWith('/settings.ts')),
    [],
  );
});

/** Groups of names that lead back to themselves; each group is one circle or several that touch. */
function circles(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (name: string): number => {
    const number = order.size;
    order.set(name, number);
    stack.push(name);
    let low = number;
    for (const next of edges.get(name) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (stack.includes(next)) low = Math.min(low, order.get(next) ?? low);
    }
    lowest.set(name, low);
    if (low === number) {
      const group = stack.splice(stack.indexOf(name));
      if (group.length > 1) found.push(group.sort());
    }
    return low;
  };
  for (const name of edges.keys()) if (!order.has(name)) visit(name);
  return found;
}

/** What each file imports of ours, types included. */
function importsOf(files: readonly string[]): Map<string, Set<string>> {
  const mine = (file: string) =>
    linesOf(file)
      .map(targetOf)
      .filter((t): t is string => t?.startsWith('src/') === true);
  return new Map(files.map((file) => [file, new Set(mine(file))]));
}

test('no import leads back to where it came from, not by types and not between folders', () => {
  const files = importsOf(SOURCES);
  assert.deepEqual(circles(files), []);
  const folders = new Map<string, Set<string>>();
  for (const [file, targets] of files) {
    const known = folders.get(folderOf(file)) ?? new Set<string>();
    for (const target of targets) if (folderOf(target) !== folderOf(file)) known.add(folderOf(target));
    folders.set(folderOf(file), known);
  }
  assert.deepEqual(circles(folders), []);
});

test('a circle is found however long it is', () => {
  const edges = (text: string) =>
    new Map(text.split(' ').map((e) => [e.charAt(0), new Set([...e.slice(1)])] as [string, Set<string>]));
  assert.deepEqual(circles(edges('abc bd cd d')), []);
  assert.deepEqual(circles(edges('ab bc cd da e')), [['a', 'b', 'c', 'd']]);
  assert.deepEqual(circles(edges('ab ba cd dc eac')), [
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

test('npm test runs every test', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { test: string } };
  const globs = scripts.test.split(' ').filter((word) => word.startsWith('test/'));
  const patterns = globs.map((glob) => new RegExp(`^${glob.replaceAll('.', '\\.').replaceAll('*', '[^/]+')}$`));
  const tests = sources('test').filter((file) => file.endsWith('.test.ts'));
  assert.deepEqual(
    tests.filter((file) => !patterns.some((pattern) => pattern.test(file))),
    [],
  );
});

test('each test stands where its subject stands', () => {
  const apart = new Set(['test', 'test/e2e', 'test/story', 'test/support', 'test/support/toy']);
  const homes = [...new Set(sources('test').map((file) => dirname(file)))].filter((folder) => !apart.has(folder));
  assert.deepEqual(
    homes.filter((folder) => !existsSync(join(ROOT, folder.replace(/^test/, 'src')))),
    [],
  );
});

const EXPORTED = /^export (?:async )?(?:const|function\*?|class) (\w+)/gm;

test('what a file exports is used by another', () => {
  const texts = new Map(
    [...SOURCES, ...['test', 'scripts', 'migrations'].flatMap(sources)].map((file) => [
      file,
      readFileSync(join(ROOT, file), 'utf8'),
    ]),
  );
  const words = new Map([...texts].map(([file, text]) => [file, new Set(text.match(/\w+/g))]));
  const unused = SOURCES.flatMap((file) =>
    [...(texts.get(file) ?? '').matchAll(EXPORTED)]
      .map(([, name = '']) => name)
      .filter((name) => ![...words].some(([other, of]) => other !== file && of.has(name)))
      .map((name) => `${file}: ${name}`),
  );
  assert.deepEqual(unused, []);
});

for (const [what, { finds, mayBeIn }] of Object.entries(RULES)) {
  test(what, () => {
    const files = [...SOURCES, ...sources('migrations')].filter((file) => !mayBeIn(file));
    const found = files.flatMap((file) => linesOf(file)).filter((line) => finds.test(line.text));
    assert.deepEqual(
      found.map((line) => named(line, what)),
      [],
    );
  });
}

/** A statement that changes something and begins at the store itself, not at a transaction. */
const BARE_WRITE =
  /\bdb\('[^']+'\)[^;]*?\.(?:insert|update|delete|del|increment|decrement|truncate)\(|\bdb\.raw\(\s*['"`]\s*(?:insert|update|delete|replace)\b/gi;

const bareWrites = (source: string): string[] => [...source.matchAll(BARE_WRITE)].map(([text]) => text);

test('what is written is made again when the database asks for it', () => {
  // By `transact` or `again`. The bookkeeping of migrations has a loop of its own.
  const files = SOURCES.filter((file) => file !== join('src', 'store', 'db', 'migrate.ts'));
  const found = files.flatMap((file) => {
    const source = linesOf(file)
      .map((line) => line.text)
      .join('\n');
    return bareWrites(source).map((text) => `${file}: ${text}`);
  });
  assert.deepEqual(found, []);
  assert.equal(bareWrites("await store\n  .db('calls')\n  .where({ at })\n  .delete();").length, 1);
  assert.equal(bareWrites("await store.db('due as d').update({ lane: '' });").length, 1);
  assert.equal(bareWrites("await store.db.raw('update due set lane = ?', ['']);").length, 1);
  assert.equal(
    bareWrites("await store.db('calls').first(); await transact(store, (tx) => tx('x').insert(y));").length,
    0,
  );
});

test('a stray import is found however it is written', () => {
  const stray = (file: string, text: string) =>
    linesOf(file, text)
      .map(strayImport)
      .find((s) => s !== null) ?? null;
  const wrong = 'core must not import store/db';
  assert.equal(stray('src/core/x.ts', "import { a } from '../store/db/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "import type { a } from '../store/db/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "export { a } from '../store/db/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "import {\n  a,\n} from '../store/db/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "const a = await import('../store/db/open.ts');"), wrong);
  assert.equal(stray('src/core/x.ts', "const a = 1; import { b } from '../store/db/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', 'const a = await import(`../store/db/open.ts`);'), wrong);
  assert.equal(stray('src/core/words/x.ts', "import '../../store/alerts.ts';"), 'core/words must not import store');
  assert.equal(stray('src/core/x.ts', "import { a } from './words/facts.ts';"), 'core must not import core/words');
  assert.equal(stray('src/core/x.ts', "import { z } from 'zod';"), 'core must not import zod');
  assert.equal(stray('src/new/x.ts', "import { a } from '../core/time.ts';"), 'the folder new has no place');
  assert.equal(
    stray('src/store/x.ts', "import a from '../../test/support/clock.ts';"),
    'store must not import test/support/clock.ts',
  );
  assert.equal(stray('src/core/x.ts', "import { createHash } from 'node:crypto';"), null);
  assert.equal(stray('src/core/figures/x.ts', "import { a } from '../time.ts';"), null);
  assert.equal(stray('src/reconcile/x.ts', "import { a } from '../store/db/open.ts';"), null);
});

test('what a comment speaks of is not code', () => {
  const found = (text: string) => linesOf('src/core/x.ts', text).filter((l) => /Date\.now/.test(l.text)).length;
  assert.equal(
    found('/** Production passes `Date.now`. */\n// or Date.now()\nconst url = "https://x"; // Date.now'),
    0,
  );
  assert.equal(found('const url = "https://x", at = Date.now();'), 1);
});

// Who may import whom, and who may touch what. A violation is named with its file and line.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');

/** What may be imported from where. A home that is not named is on the outside, where the parts are put together. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  core: [],
  // Small things that anybody may stand on.
  wait: ['core'],
  gather: ['core', 'wait'],
  log: ['core'],
  errors: ['core'],
  moment: ['core'],
  seal: ['core'],
  form: ['core'],
  headers: ['core'],
  // Its lines have ids of the same kind as the rows that they become.
  spool: ['core', 'store'],
  // Each speaks to one thing outside, and knows nothing of the others.
  store: ['core', 'wait', 'errors'],
  mailgun: ['core'],
  smtp: ['core', 'headers'],
  sim: ['core'],
  report: ['core'],
  // Steps meet in the tables, not in each other's files; what they need of the outside they declare as types.
  steps: ['core', 'store', 'report', 'gather', 'log', 'errors', 'moment', 'wait', 'form', 'headers', 'spool', 'seal'],
  http: ['core', 'store', 'steps', 'gather', 'log', 'errors', 'moment', 'wait', 'form', 'config'],
};

type Line = { file: string; number: number; text: string };
type Rule = { finds: RegExp; mayBeIn: (file: string) => boolean };

const within =
  (...places: string[]) =>
  (file: string): boolean =>
    places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place));

const RULES: Record<string, Rule> = {
  'the environment is read in one place': {
    finds: /\bprocess\.env\b/,
    mayBeIn: within('src/env.ts', 'src/config.ts', 'src/cli.ts', 'src/daemon.ts'),
  },
  'the time is an argument': {
    finds: /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/,
    // A deadline of a request on the wire is measured on the clock that never goes back.
    mayBeIn: within(
      'src/cli.ts',
      'src/daemon.ts',
      'src/spool.ts',
      'src/mailgun/exchange.ts',
      'src/library/',
      'src/demo/',
      'src/sim/',
    ),
  },
  'one module waits': {
    // The library's timer is the one that lets an application's process end.
    finds: /\bset(?:Timeout|Interval)\(/,
    mayBeIn: within('src/wait.ts', 'src/library/recorder.ts', 'src/demo/', 'src/sim/'),
  },
  'nothing is left to chance': { finds: /\bMath\.random\b/, mayBeIn: within('src/sim/') },
  'SQL is written in the store': {
    finds: /\bfrom 'knex'|\.raw\(|\.db\(|\bdb\('/,
    mayBeIn: within('src/store/', 'migrations/'),
  },
  'Koa is known to http alone': { finds: /\bfrom '(?:koa|@koa\/\w+)'/, mayBeIn: within('src/http/') },
};

const PURE = new Set(['node:crypto', 'node:url']);

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

const homeOf = (file: string): string => (file.split('/')[1] ?? '').replace(/\.ts$/, '');

const IMPORT = /^\s*(?:(?:import|export)\b.*\bfrom|\}\s*from|import)\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/;

/** What an import is: a path of ours from the root, or the name of a package. */
function targetOf({ file, text }: Line): string | null {
  const found = IMPORT.exec(text);
  const target = found?.[1] ?? found?.[2] ?? null;
  if (target === null) return null;
  return target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
}

function strayImport(line: Line): string | null {
  const home = homeOf(line.file);
  const allowed = MAY_IMPORT[home];
  const target = targetOf(line);
  if (!allowed || target === null) return null;
  if (target.startsWith('src/')) {
    const other = homeOf(target);
    return other === home || allowed.includes(other) ? null : `${home} must not import ${other}`;
  }
  const own = !target.startsWith('..') && !target.includes('.ts');
  if (own && (home !== 'core' || PURE.has(target))) return null;
  return `${home} must not import ${target}`;
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

test('a stray import is found however it is written', () => {
  const stray = (file: string, text: string) =>
    linesOf(file, text)
      .map(strayImport)
      .find((s) => s !== null) ?? null;
  const wrong = 'core must not import store';
  assert.equal(stray('src/core/x.ts', "import { a } from '../store/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "import type { a } from '../store/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "export { a } from '../store/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "import {\n  a,\n} from '../store/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "const a = await import('../store/open.ts');"), wrong);
  assert.equal(stray('src/core/classify/x.ts', "import '../../store/open.ts';"), wrong);
  assert.equal(stray('src/core/x.ts', "import { z } from 'zod';"), 'core must not import zod');
  assert.equal(
    stray('src/store/x.ts', "import a from '../../test/support/clock.ts';"),
    'store must not import test/support/clock.ts',
  );
  assert.equal(stray('src/core/x.ts', "import { createHash } from 'node:crypto';"), null);
  assert.equal(stray('src/core/classify/x.ts', "import { a } from '../time.ts';"), null);
  assert.equal(stray('src/steps/x.ts', "import { a } from '../store/open.ts';"), null);
});

test('what a comment speaks of is not code', () => {
  const found = (text: string) => linesOf('src/core/x.ts', text).filter((l) => /Date\.now/.test(l.text)).length;
  assert.equal(
    found('/** Production passes `Date.now`. */\n// or Date.now()\nconst url = "https://x"; // Date.now'),
    0,
  );
  assert.equal(found('const url = "https://x", at = Date.now();'), 1);
});

test('the parts that are named exist', () => {
  const homes = new Set(SOURCES.map(homeOf));
  assert.deepEqual(
    Object.keys(MAY_IMPORT).filter((home) => !homes.has(home)),
    [],
  );
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { lint, packInto } from '../scripts/packages.ts';
import { migrate } from '../src/store/db/migrate.ts';
import { openStore } from '../src/store/db/open.ts';
import { fileAll, partOf, startRecording } from './client/support.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');

const folders: string[] = [];
after(() => folders.forEach((folder) => void rmSync(folder, { recursive: true, force: true })));

function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-package-'));
  folders.push(folder);
  return folder;
}

/** Packing and installing take long, so the tests share what they make. */
const packed = once(() => packInto(freshFolder()));
const withClient = once(async () => installed([(await packed()).client]));
const withBoth = once(async () => installed(Object.values(await packed())));

/** An empty project with these packages; what they depend on is from the registry or its cache. */
async function installed(tarballs: readonly string[]): Promise<string> {
  const folder = freshFolder();
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true}');
  const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  try {
    await run('npm', ['install', ...options, ...tarballs], { cwd: folder, timeout: 120_000 });
  } catch {
    await linked(folder, tarballs);
  }
  return folder;
}

/** Without a registry: what this checkout has. */
async function linked(folder: string, tarballs: readonly string[]): Promise<void> {
  const modules = join(folder, 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  for (const tarball of tarballs) {
    const name = basename(tarball).replace(/-\d.*/, '');
    mkdirSync(join(modules, name), { recursive: true });
    await run('tar', ['xzf', tarball, '-C', join(modules, name), '--strip-components=1']);
  }
  if (tarballs.length === 1) return;
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
}

/** Made at the first call. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  return () => (made ??= make());
}

/** A daemon and a Mailgun that take everything. */
async function startTaking(t: TestContext) {
  const server = await startRecording(t);
  server.reply((seen) =>
    seen.url.startsWith('/api/messages')
      ? { status: seen.method === 'GET' ? 404 : 200, body: { results: [{}], error: 'there is no such message' } }
      : { status: 200, body: { id: '<x@y>', message: 'Queued. Thank you.' } },
  );
  return server;
}

const SEND = `
  const homing = createHoming(JSON.parse(process.argv[2]))
  const mg = homing.wrapMailgun(new Mailgun(FormData).client({ username: 'api', key: 'k', url: process.argv[3] }))
  await mg.messages.create('mg.example.com', { from: 'a@mg.example.com', to: 'ann@example.org', text: 'Hi' })
  await homing.close()
  process.stdout.write(JSON.stringify({ ...homing.counts(), loaded: globalThis.loaded?.() ?? [] }))
`;
/** mailgun.js has types for ES modules alone. */
const CJS_MAILGUN = `
type Client = { messages: { create(domain: string, data: { from: string; to: string; text: string }): Promise<{ status: number }> } }
declare const Mailgun: new (form: unknown) => { client(options: object): Client }
`;

const FILES: Record<string, string> = {
  'send.cjs': `
const { createHoming } = require('homing')
const Mailgun = require('mailgun.js')
globalThis.loaded = () => Object.keys(require.cache)
;(async () => {${SEND}})()`,
  'send.mjs': `
import { createHoming } from 'homing'
import Mailgun from 'mailgun.js'
${SEND}`,
  // Every module that is loaded by import tells of itself on stderr.
  'watch.mjs': `
import { register } from 'node:module'
register('data:text/javascript,' + encodeURIComponent(
  'export const load = (url, context, next) => { process._rawDebug("LOADED " + url); return next(url, context) }'))`,
  'typed.mts': typed('homing', "import Mailgun from 'mailgun.js'"),
  'typed.cts': typed('homing', CJS_MAILGUN),
  'typed.ts': typed('homing', "import Mailgun from 'mailgun.js'"),
  'client.mts': typed('homing-client', "import Mailgun from 'mailgun.js'"),
  'client.cts': typed('homing-client', CJS_MAILGUN),
  'client.ts': typed('homing-client', "import Mailgun from 'mailgun.js'"),
};

function typed(from: 'homing' | 'homing-client', importMailgun: string): string {
  return `
import { createHoming, HomingError, type DeliveryState, type Homing, type HomingErrorCode, type HomingOptions, type MessageStatus } from '${from}'
import { createTransport } from 'nodemailer'
${importMailgun}
const options: HomingOptions = { url: 'http://homing:8080', token: 'x' }
const homing: Homing = createHoming(options)
const client = new Mailgun(FormData).client({ username: 'api', key: 'k' })
const wrapped: typeof client = homing.wrapMailgun(client)
wrapped.messages.create('x', { from: 'a', to: 'b', text: 'c' }).then((r) => r.status.toFixed())
const plain = createTransport({ host: 'x', pool: true })
const transport: typeof plain = homing.wrapTransport(plain)
transport.sendMail({ to: 'x' }).then((info) => info.messageId.length)
const tracked = homing.wrapTransport(plain)
tracked.sendMail({ to: 'x', homing: { class: 'access', key: 'reset:42' } }).then((info) => info.messageId.length)
// @ts-expect-error: there is no such class
tracked.sendMail({ to: 'x', homing: { class: 'urgent' } })
${from === 'homing' ? '' : '// @ts-expect-error: the client alone knows no database'}
createHoming({ database: process.env.DATABASE_URL })
createHoming({ url: process.env.HOMING_URL, token: process.env.HOMING_TOKEN })
// @ts-expect-error: the token is missing
createHoming({ url: 'http://homing:8080' })
homing.status('x').then((s: MessageStatus | null) => {
  const state: DeliveryState | undefined = s?.deliveries[0]?.state
  // @ts-expect-error: there is no such state
  return state === 'lost'
})
homing.cancel({ key: 'x' }).catch((error: unknown) => {
  const code: HomingErrorCode | null = error instanceof HomingError ? error.code : null
  return code === 'unavailable'
})
export {}
`;
}

/** What the daemon needs and a client does not. */
const HEAVY = /node_modules\/(koa|@koa|knex|@photostructure|mysql2|pino|nodemailer|undici|luxon|zod|smtp-server)\//;

test('both packages are fit to be published, under one version', async () => {
  for (const tarball of Object.values(await packed())) await lint(tarball);
  const manifest = (path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Record<string, unknown>;
  const [homing, client] = [manifest('package.json'), manifest('packages/client/package.json')];
  assert.deepEqual([client['version'], client['engines']], [homing['version'], homing['engines']]);
});

test('the packed package works in an empty project, from CommonJS and from ES modules, typed', async (t) => {
  const folder = await withBoth();
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const server = await startTaking(t);
  const sent = () =>
    server.seen.filter((one) => one.url === '/v3/mg.example.com/messages' && partOf(one, 'v:homing-id'));
  const remote = JSON.stringify({ url: server.url, token: 't', patience: 10_000 });
  const database = `sqlite:${join(folder, 'homing.sqlite')}`;
  const store = openStore(database);
  await migrate(store.db);
  const local = JSON.stringify({ database, patience: 10_000 });
  t.after(store.close);
  const send = async (script: string, options: string) => {
    const flags = ['--disable-warning=ExperimentalWarning', '--import', './watch.mjs', script];
    const { stdout, stderr } = await run(process.execPath, [...flags, options, server.url], {
      cwd: folder,
      timeout: 60_000,
    });
    const { loaded, ...counts } = JSON.parse(stdout) as { loaded: string[]; recorded: number };
    const imported = stderr.split('\n').filter((line) => line.startsWith('LOADED'));
    assert.deepEqual(counts, { recorded: 2, spooled: 0, filed: 0, lost: 0 }, `${script} ${stderr}`);
    return [...loaded, ...imported];
  };

  for (const script of ['send.cjs', 'send.mjs']) {
    const loaded = await send(script, remote);
    assert.ok(loaded.length > 1);
    assert.deepEqual(
      loaded.filter((name) => HEAVY.test(name)),
      [],
      'an application that uses a URL carries no server',
    );
    assert.ok(
      (await send(script, local)).some((name) => HEAVY.test(name)),
      'the check can fail',
    );
  }
  assert.equal(sent().length, 4);
  await fileAll(store);
  assert.equal((await store.db('deliveries').where({ state: 'accepted' })).length, 2);

  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  const flags = '--noEmit --strict --skipLibCheck --target es2022 --types node --lib es2022,dom --typeRoots'.split(' ');
  const types = join(ROOT, 'node_modules', '@types');
  const check = (...more: string[]) =>
    run(tsc, [...flags, types, ...more], { cwd: folder }).catch((e: { stdout: string }) => assert.fail(e.stdout));
  const node = ['typed.mts', 'typed.cts', 'client.mts', 'client.cts'];
  await check('--module', 'node16', '--moduleResolution', 'node16', ...node);
  await check('--module', 'esnext', '--moduleResolution', 'bundler', 'typed.ts', 'client.ts');
});

const ALONE = `
  const homing = createHoming({ url: process.argv[2], token: 't', patience: 10_000 })
  const plain = { messages: { create: async () => ({ status: 200, id: '<x@y>' }) } }
  const mail = { from: 'a@mg.example.com', to: 'ann@example.org', text: 'Hi' }
  await homing.wrapMailgun(plain).messages.create('mg.example.com', mail)
  const { id } = await homing.deliverLater('mg.example.com', { ...mail, attachment: { filename: 'a', data: 'b' } })
  const known = await homing.status('y')
  const failed = await homing.cancel({}).catch((error) => error instanceof HomingError && error.code)
  await homing.close()
  process.stdout.write(JSON.stringify({ ...homing.counts(), id, known, failed }))
`;
const DONE = { recorded: 2, spooled: 0, filed: 0, lost: 0, id: '<x@y>', known: null, failed: 'invalid' };

test('the packed client is all that an application needs, from CommonJS and from ES modules', async (t) => {
  const folder = await withClient();
  assert.deepEqual(
    readdirSync(join(folder, 'node_modules')).filter((name) => !name.startsWith('.')),
    ['homing-client'],
  );
  writeFileSync(
    join(folder, 'alone.cjs'),
    `const { createHoming, HomingError } = require('homing-client')\n;(async () => {${ALONE}})()`,
  );
  writeFileSync(join(folder, 'alone.mjs'), `import { createHoming, HomingError } from 'homing-client'\n${ALONE}`);
  const server = await startTaking(t);
  for (const script of ['alone.cjs', 'alone.mjs']) {
    const { stdout } = await run(process.execPath, [script, server.url], { cwd: folder, timeout: 60_000 });
    assert.deepEqual(JSON.parse(stdout), DONE, script);
  }
});

for (const format of ['esm', 'cjs'] as const)
  test(`a function that uses the client is one file that runs anywhere (${format})`, async (t) => {
    const folder = await withClient();
    const entry = join(folder, 'function.ts');
    writeFileSync(
      entry,
      `import { createHoming, HomingError } from 'homing-client'\nexport const done = (async () => {${ALONE}})()`,
    );
    const nowhere = freshFolder();
    const outfile = join(nowhere, format === 'esm' ? 'function.mjs' : 'function.cjs');
    const options = { bundle: true, platform: 'node', target: 'node20', minify: true, metafile: true } as const;
    const { metafile, warnings } = await build({ entryPoints: [entry], outfile, format, ...options });
    assert.deepEqual(warnings, []);
    const imported = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
    assert.deepEqual(
      imported.filter((path) => !path.startsWith('node:')),
      [],
    );
    const server = await startTaking(t);
    const { stdout } = await run(process.execPath, [outfile, server.url], { cwd: nowhere, timeout: 60_000 });
    assert.deepEqual(JSON.parse(stdout), DONE);
  });

const COPIES = `
  const plain = { messages: { create: async () => ({ status: 200, id: '<x@y>' }) } }
  const options = { url: process.argv[2], token: 't', patience: 10_000 }
  const made = copies.map(({ createHoming }) => createHoming(options))
  const wrapped = made.reduce((client, homing) => homing.wrapMailgun(client), plain)
  await wrapped.messages.create('mg.example.com', { from: 'a@mg.example.com', to: 'ann@example.org', text: 'Hi' })
  await Promise.all(made.map((homing) => homing.close()))
  const error = await made[0].cancel({}).catch((error) => error)
  process.stdout.write(JSON.stringify({
    recorded: made.map((homing) => homing.counts().recorded),
    classes: new Set(copies.map(({ HomingError }) => HomingError)).size,
    known: copies.map(({ HomingError }) => error instanceof HomingError),
  }))
`;

test('copies of the library in one process record a mail once, and know the errors of each other', async (t) => {
  const folder = await withBoth();
  const script = `
import { createRequire } from 'node:module'
import * as homing from 'homing'
import * as client from 'homing-client'
const require = createRequire(import.meta.url)
const copies = [homing, client, require('homing'), require('homing-client')]
${COPIES}`;
  writeFileSync(join(folder, 'copies.mjs'), script);
  const server = await startTaking(t);
  const { stdout } = await run(process.execPath, ['copies.mjs', server.url], { cwd: folder, timeout: 60_000 });
  assert.deepEqual(JSON.parse(stdout), { recorded: [2, 0, 0, 0], classes: 4, known: [true, true, true, true] });
});

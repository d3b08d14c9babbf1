import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { migrate } from '../src/store/db/migrate.ts';
import { openStore } from '../src/store/db/open.ts';
import { fileAll, partOf, startRecording } from './client/support.ts';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..');

/** The packed package in a project of its own, with what it depends on from the registry or its cache. */
async function installed(t: TestContext): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-package-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: ROOT, timeout: 120_000 });
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{"name":"empty","private":true}');
  const options = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  try {
    await run('npm', ['install', ...options, `./${tarball}`], { cwd: folder, timeout: 120_000 });
  } catch {
    await linked(folder, tarball);
  }
  return folder;
}

/** Without a registry: what this checkout has. */
async function linked(folder: string, tarball: string): Promise<void> {
  const modules = join(folder, 'node_modules');
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(join(modules, 'homing'), { recursive: true });
  await run('tar', ['xzf', join(folder, tarball), '-C', join(modules, 'homing'), '--strip-components=1']);
  for (const name of readdirSync(join(ROOT, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
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
  'typed.mts': typed("import Mailgun from 'mailgun.js'"),
  'typed.cts': typed(CJS_MAILGUN),
  'typed.ts': typed("import Mailgun from 'mailgun.js'"),
};

function typed(importMailgun: string): string {
  return `
import { createHoming, type Homing, type MessageStatus } from 'homing'
import { createTransport } from 'nodemailer'
${importMailgun}
const homing: Homing = createHoming({ url: 'http://homing:8080', token: 'x' })
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
createHoming({ database: process.env.DATABASE_URL })
createHoming({ url: process.env.HOMING_URL, token: process.env.HOMING_TOKEN })
// @ts-expect-error: the token is missing
createHoming({ url: 'http://homing:8080' })
homing.status('x').then((s: MessageStatus | null) => s?.deliveries[0]?.state)
export {}
`;
}

const HEAVY = /node_modules\/(koa|@koa|knex|@photostructure|mysql2|pino|nodemailer|undici|luxon|zod|smtp-server)\//;

test('the packed package works in an empty project, from CommonJS and from ES modules, typed', async (t) => {
  const folder = await installed(t);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const server = await startRecording(t);
  server.reply((seen) =>
    seen.url.startsWith('/api/messages')
      ? { status: seen.method === 'GET' ? 404 : 200, body: { results: [{}] } }
      : { status: 200, body: { id: '<x@y>', message: 'Queued. Thank you.' } },
  );
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
  await check('--module', 'node16', '--moduleResolution', 'node16', 'typed.mts', 'typed.cts');
  await check('--module', 'esnext', '--moduleResolution', 'bundler', 'typed.ts');
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { createMigrated, startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { openStore } from '../../src/store/db/open.ts';
import { moduleName } from '../../src/store/db/sqlite-connection.ts';
import { makeIdentity } from '../../src/store/notes/identity.ts';
import { createVisitor, loggedIn, type Route, startDashboard, wordsOf } from './support.ts';

const IMPATIENT = { pagePatience: { asked: SECOND / 4, done: SECOND / 4 } };

/** They are the same whoever asks, and need no database. */
const isAsset = ({ path }: Route): boolean => path.startsWith('/assets/');

type Visitor = ReturnType<typeof createVisitor>;

/** Asks for everything at once; says what each address answered. */
async function askAll(visitor: Visitor, routes: readonly Route[], token: string) {
  const asked = routes.map(async ({ method, path }) => {
    const page = await (method === 'GET' ? visitor.get(path) : visitor.post(path, { token, why: 'x', reason: 'x' }));
    return { route: `${method} ${path}`, status: page.status, says: wordsOf(page.text) };
  });
  return Promise.all(asked);
}

/** A MariaDB that can be made to hang: it keeps its connections, takes new ones, and answers nothing. */
async function startHanging(t: TestContext) {
  const server = await startMariaDb();
  const store = openStore(await createMigrated(server, 'hanging'));
  const [[{ file } = { file: '' }]] = (await store.db.raw('select @@pid_file as file')) as [{ file: string }[]];
  const pid = Number(readFileSync(file, 'utf8'));
  const go = () => process.kill(pid, 'SIGCONT');
  t.after(async () => {
    go();
    await store.close();
    await server.stop();
  });
  return { store, stop: () => process.kill(pid, 'SIGSTOP'), go };
}

test('while a server hangs, every page and every form is answered by a page that says so', {
  skip: withoutMariaDb() ?? false,
}, async (t) => {
  const { store, stop, go } = await startHanging(t);
  const patient = await startDashboard(t, {}, { store });
  await makeIdentity(store, patient.clock());
  const running = await startDashboard(t, IMPATIENT, { store });
  const ann = await loggedIn(patient, 'owner');
  const impatient = createVisitor(running);
  for (const [name, value] of ann.cookies) impatient.cookies.set(name, value);
  const { token } = await ann.get('/');
  assert.ok(running.routes.length > 40);

  stop();
  const pages = running.routes.filter((route) => !isAsset(route));
  for (const { route, status, says } of await askAll(impatient, pages, token)) {
    assert.equal(status, 503, route);
    assert.match(says, /The database (?:does not answer in time|can not be used|could not be used)/, route);
    assert.equal(/Whether anything was done is not known/.test(says), route.startsWith('POST'), route);
  }
  assert.equal((await impatient.get('/assets/pico.css')).status, 200);
  assert.match(running.logged(), /a page took too long/);

  go();
  assert.equal((await ann.get('/')).status, 200);
});

/** Another process that writes to the file, and takes its time. */
async function lock(t: TestContext, file: string): Promise<() => Promise<void>> {
  const script = `const { DatabaseSync } = require(process.argv[1]);
    const db = new DatabaseSync(process.argv[2]);
    db.exec('BEGIN IMMEDIATE');
    process.stdout.write('locked');
    process.stdin.resume().on('end', () => process.exit());`;
  const child = spawn(process.execPath, ['-e', script, moduleName(), file], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return async () => {
    child.stdin.end();
    await once(child, 'exit');
  };
}

test('while another process keeps an SQLite file locked, pages are shown and forms say that nothing is known', async (t) => {
  const patient = await startDashboard(t);
  const ann = await loggedIn(patient, 'owner');
  const { token } = await ann.get('/');
  const unlock = await lock(t, patient.database.slice('sqlite:'.length));
  patient.clock.advance(2 * MINUTE);
  // An export is written into the audit, and the figures of a report are all of one moment: both are changes to SQLite.
  const isChange = ({ path }: Route): boolean => /^\/(?:report|messages\.)/.test(path);
  const asked = patient.routes.filter(({ method }) => method === 'GET');
  for (const { route, status, says } of await askAll(ann, asked.filter(isChange), token)) {
    assert.equal(status, 503, route);
    assert.match(says, /The database can not be used right now/, route);
  }
  const shown = asked.filter((route) => !isChange(route));
  for (const { route, status, says } of await askAll(ann, shown, token))
    assert.ok([200, 303, 404].includes(status), `${route}: ${status} ${says}`);
  const form = await ann.post('/logout', { token });
  assert.equal(form.status, 503);
  assert.match(form.text, /Whether anything was done is not known/);
  await unlock();
  assert.equal((await ann.post('/logout', { token })).status, 303);
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createHoming, type Homing, type HomingOptions, type Problem } from '../../src/index.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { startByHand } from '../support/homing.ts';
import { freshDatabase, onMariaDb } from '../support/stores.ts';
import { clientFor, DOMAIN, freshFolder, messageCount, standing, startRecording, startWay } from './support.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };

async function setup(t: TestContext, options: Partial<HomingOptions> & { database: string; folder?: string }) {
  const server = await startRecording(t);
  const problems: Problem[] = [];
  const { folder = freshFolder(t), ...more } = options;
  const homing = createHoming({
    patience: 150,
    spool: { folder, pause: 20 },
    onProblem: (problem) => problems.push(problem),
    ...more,
  });
  t.after(homing.close);
  return { homing, server, problems, folder, client: homing.wrapMailgun(clientFor(server.url)) };
}

/** Waits for what happens by itself, without a time of its own: a turn of the event loop is a look. */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  const over = Date.now() + 40_000;
  while (!(await happened())) {
    if (Date.now() > over) throw new Error('it never happened');
    await new Promise(setImmediate);
  }
}

const isFiled = (homing: Homing, folder: string): boolean =>
  homing.counts().filed >= homing.counts().spooled && readdirSync(folder).length === 0;

const throughWay = (url: string, port: number): string => {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
};

for (const how of ['refuse', 'stall'] as const) {
  onMariaDb(
    `a database that would ${how} keeps no mail, and each record is filed once when it is back`,
    async (given) => {
      const { t, store, url } = given;
      const way = await startWay(t, Number(new URL(url).port));
      const { homing, client, server, problems, folder } = await setup(t, { database: throughWay(url, way.port) });
      await client.messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': '<before@example.com>' });
      await homing.flush();
      await until(() => isFiled(homing, folder));
      way.set(how);
      const started = performance.now();
      const sent = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          client.messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': `<${n}@example.com>` }),
        ),
      );
      const took = performance.now() - started;
      assert.ok(took < 1500, `the callers waited ${took} ms`);
      assert.equal(new Set(sent.map((answer) => answer.id)).size, 10);
      assert.equal(server.seen.length, 11);
      assert.ok(problems.some((p) => p.kind === 'spooled') && problems.every((p) => !p.detail.includes('@')));
      way.set('pass');
      await homing.flush();
      const spooled = homing.counts().spooled;
      assert.ok(spooled >= 10, `${spooled} were spooled`);
      await until(() => isFiled(homing, folder));
      assert.equal(await messageCount(store), 11);
      for (let n = 0; n < 10; n++)
        assert.deepEqual(await standing(store, `<${n}@example.com>`), ['ann@example.org accepted']);
      assert.equal(homing.counts().lost, 0);
    },
  );
}

test('with neither a store nor a spool the mail goes out, and what is lost is counted', async (t) => {
  const { homing, client, server, problems } = await setup(t, {
    database: 'mysql://root@127.0.0.1:1/none',
    spool: { folder: '/dev/null/none', pause: 60_000 },
  });
  await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  assert.equal(server.seen.length, 1);
  assert.equal(homing.counts().lost, 2);
  assert.ok(problems.some((p) => p.kind === 'lost'));
});

test('a spool that is full counts what overflows', async (t) => {
  const { homing, client, problems } = await setup(t, {
    database: 'mysql://root@127.0.0.1:1/none',
    spool: { folder: freshFolder(t), maxBytes: 2000, pause: 60_000 },
  });
  for (let n = 0; n < 10; n++) await client.messages.create(DOMAIN, MAIL);
  await homing.flush();
  const { spooled, lost } = homing.counts();
  assert.ok(spooled > 2 && lost > 2 && spooled + lost === 20, `${spooled} ${lost}`);
  assert.ok(problems.some((p) => p.detail === 'the spool is full'));
});

test('what a process before us left in the spool is filed by the next that sends', async (t) => {
  const folder = freshFolder(t);
  const dead = await setup(t, { database: 'mysql://root@127.0.0.1:1/none', folder });
  await dead.client.messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': '<left@example.com>' });
  await dead.homing.close();
  const { store, sim, settle } = await startByHand(t, { database: await freshDatabase(t, 'sqlite') });
  assert.ok(sim && settle);
  const [{ file }] = (await store.db.raw('pragma database_list')) as [{ file: string }];
  const next = await setup(t, { database: `sqlite:${file}`, folder });
  await next.client.messages.create(DOMAIN, { ...MAIL, 'h:Message-Id': '<mine@example.com>' });
  await until(async () => (await messageCount(store)) === 2);
  assert.ok(await findMessage(store, '<left@example.com>'));
});

test('an application that dies between the call and its answer leaves an attempt that is looked up', async (t) => {
  const database = await freshDatabase(t, 'sqlite');
  const { sim, store, clock, play } = await startByHand(t, { database, poll: true });
  clock.set(Date.now());
  let heard = () => {};
  const request = new Promise<void>((resolve) => {
    heard = resolve;
  });
  sim.misbehave(
    (seen) => {
      if (seen.path.endsWith('/messages')) heard();
      return seen.path.endsWith('/messages');
    },
    'hangAfterWork',
    1,
  );
  const flags = ['--disable-warning=ExperimentalWarning', '--import', 'tsx'];
  const script = join(import.meta.dirname, '..', 'support', 'app-child.ts');
  const app = spawn(process.execPath, [...flags, script, database, sim.url, 'lost@mg.example.com', freshFolder(t)]);
  await request;
  app.kill('SIGKILL');
  await once(app, 'exit');
  assert.deepEqual(await standing(store, '<lost@mg.example.com>'), ['ann@example.org sending']);
  clock.advance(60_001);
  await play(clock() + 3_600_000);
  assert.deepEqual(await standing(store, '<lost@mg.example.com>'), ['ann@example.org delivered']);
  assert.equal(sim.copies('ann@example.org'), 1);
});

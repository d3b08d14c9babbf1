import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { openSpool } from '../../src/base/spool.ts';
import { createHoming } from '../../src/index.ts';
import { until } from '../../src/lab/campaign/application.ts';
import { startProcess } from '../../src/lab/campaign/daemon.ts';
import { startByHand } from '../support/homing.ts';
import { freshDatabase, testStore } from '../support/stores.ts';
import { clientFor, DOMAIN, findFiled, freshFolder, partOf, standing, startRecording } from './support.ts';

const MAIL = { from: 'Shop <shop@example.com>', to: 'ann@example.org', subject: 'Hello', text: 'Hi' };

test('deliverNow sends through the client it was given, tracked', async (t) => {
  const { store, url } = await testStore(t, 'sqlite');
  const server = await startRecording(t);
  const homing = createHoming({ database: url, spool: { folder: freshFolder(t) }, mailgun: clientFor(server.url) });
  t.after(homing.close);
  const answer = await homing.deliverNow(DOMAIN, { ...MAIL, 'v:homing-class': 'access' });
  await homing.flush();
  const seen = server.seen[0];
  assert.ok(seen);
  assert.equal(partOf(seen, 'h:Message-Id'), answer.id);
  assert.equal((await findFiled(store, answer.id))?.message.class, 'access');
  assert.deepEqual(await standing(store, answer.id), ['ann@example.org accepted']);
});

test('a stream is attached as it is without the wrapper, and read once', async (t) => {
  const { url } = await testStore(t, 'sqlite');
  const server = await startRecording(t);
  const homing = createHoming({ database: url, spool: { folder: freshFolder(t) }, patience: 5000 });
  t.after(homing.close);
  const client = clientFor(server.url);
  const content = randomBytes(200_000);
  const errors: unknown[] = [];
  for (const one of [client, homing.wrapMailgun(client)]) {
    const data = Readable.from([content.subarray(0, 1000), content.subarray(1000)]);
    const attachment = { filename: 'a.bin', data, knownLength: content.length };
    await one.messages
      .create(DOMAIN, { ...MAIL, attachment: attachment as never })
      .catch((e) => errors.push(String(e)));
  }
  // From Node 24 on its FormData takes no stream, with us as without.
  if (errors.length > 0) return assert.deepEqual([errors[1], server.seen.length], [errors[0], 0]);
  const files = server.seen.map((seen) => seen.parts.find((part) => part.name === 'attachment'));
  assert.equal(files[0]?.value, content.toString('base64'));
  assert.deepEqual(files[1], files[0]);
});

test('deliverLater straight into a database: the daemon sends it, and cancel ends it before', async (t) => {
  const key = randomBytes(32).toString('hex');
  const database = await freshDatabase(t, 'sqlite');
  const { sim, settle, clock } = await startByHand(t, { database, env: { ENCRYPTION_KEY: key } });
  const homing = createHoming({ database, encryptionKey: key, spool: { folder: freshFolder(t) } });
  t.after(homing.close);
  const kept = await homing.deliverLater(DOMAIN, { ...MAIL, 'v:homing-key': 'reset:1' });
  const other = await homing.deliverLater(DOMAIN, { ...MAIL, to: 'bee@example.net', 'v:homing-key': 'reset:2' });
  assert.equal(await homing.cancel({ key: 'reset:2' }), 1);
  // The application has the time from the machine, and the daemon here from us.
  clock.set(Date.now());
  await settle();
  assert.equal(sim.handovers.length, 1);
  assert.equal((await homing.status(other.id))?.deliveries[0]?.state, 'cancelled');
  assert.notEqual((await homing.status(kept.id))?.deliveries[0]?.state, 'queued');
});

test('a running daemon files what applications left in SPOOL_DIR', async (t) => {
  const { store, url } = await testStore(t, 'sqlite');
  const folder = join(freshFolder(t), 'spool');
  mkdirSync(folder);
  const record = { messageId: `left@${DOMAIN}`, domain: DOMAIN, from: 'a@example.com', to: ['ann@example.org'] };
  await openSpool({ folder, maxBytes: 10_000 }).append([JSON.stringify({ ...record, state: 'accepted' })]);
  const daemon = startProcess(['start'], {
    ...{ DATABASE_URL: url, SPOOL_DIR: folder, HOST: '127.0.0.1', PORT: '0', API_TOKENS: 't', LOG_LEVEL: 'info' },
    ...{ MAILGUN_API_KEY: 'k', MAILGUN_DOMAIN: DOMAIN, MAILGUN_API_URL: 'http://127.0.0.1:9' },
    ...{ MAILGUN_STORAGE_HOSTS: '127.0.0.1:9', MAILGUN_WEBHOOK_SIGNING_KEY: 's' },
  });
  t.after(daemon.kill);
  await daemon.up;
  await until('the record', async () => (await findFiled(store, `<left@${DOMAIN}>`)) !== null);
  assert.deepEqual(await standing(store, `<left@${DOMAIN}>`), ['ann@example.org accepted']);
});

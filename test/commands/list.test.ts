import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { addListCommand } from '../../src/commands/list.ts';
import { MINUTE } from '../../src/core/time.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { MORNING } from '../support/clock.ts';
import { ended, reported, seed, seedMany } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';
import { database, runHere } from './support.ts';

const list = (url: string, ...args: string[]) => runHere(addListCommand, ['list', ...args], { DATABASE_URL: url });

eachStore('lists messages to somebody, in a state, of a class', async ({ store, url }) => {
  const [one] = await seed(store, { messageId: 'a@mg.example.com', subject: 'One \u001b[31m\u202e' });
  await seed(store, { messageId: 'b@mg.example.com', recipients: ['bob@example.net'], class: 'access' });
  await change(store, [one?.id ?? ''], MORNING, () => [ended(1, MORNING, 'abandoned', 'storage_gone')]);
  const { out } = await list(url, '--to', 'ANN@Example.NET');
  assert.match(out, new RegExp(`^${one?.messageId}  2026-11-25 09:00:00 UTC  notice\n {2}"One \\[31m"\n`));
  assert.match(out, /^ {2}ann@example\.net: abandoned \(stored copy gone\), attempt 1$/m);
  assert.doesNotMatch(out, /bob|\p{Cf}/u);
  assert.equal(out.includes('\u001b'), false);
  assert.match((await list(url, '--state', 'accepted', '--class', 'access')).out, /bob@example\.net: accepted/);
  assert.match((await list(url, '--to', 'nobody@example.net')).out, /no such message/);
});

test('a list goes on after its last message, and is the same as that of the API in JSON', async (t) => {
  const { store, url } = await database(t);
  await seedMany(store, 5);
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string[] = cursor === '' ? [] : ['--cursor', cursor];
    const { out } = await list(url, '--json', '--limit', '2', ...after);
    const page = JSON.parse(out) as { messages: { id: string; deliveries: object[] }[]; next: string | null };
    seen.push(...page.messages.map(({ id }) => id));
    cursor = page.next;
  }
  assert.equal(new Set(seen).size, 5);
});

test('a wrong option is wrong usage, and says what is right', async (t) => {
  const { url } = await database(t);
  for (const [args, says] of [
    [['--to', 'nobody'], /--to must be an e-mail address/],
    [['--state', 'lost'], /--state must be one of queued, /],
    [['--class', 'urgent'], /--class must be one of access, /],
    [['--limit', '0'], /--limit must be a whole number from 1 to 200/],
  ] as const) {
    const { code, err } = await list(url, ...args);
    assert.deepEqual([code, says.test(err)], [2, true], err);
  }
});

eachStore('tail shows each fact once as it comes, and ends well on Ctrl-C', async ({ t, store, url }) => {
  const [old] = await seed(store, { messageId: 'old@mg.example.com' });
  const args = ['scripts/homing.mjs', 'tail', '--to', 'bob@example.net', '--json'];
  const tail = spawn(process.execPath, args, { env: { ...process.env, DATABASE_URL: url } });
  t.after(() => tail.kill('SIGKILL'));
  let out = '';
  tail.stdout.on('data', (part) => {
    out += String(part);
  });
  const lines = () => out.split('\n').filter((line) => line !== '');
  let now = Date.now();
  const tell = async (n: number) => {
    const recipients = ['bob@example.net', 'ann@example.net'];
    const views = await seed(store, { messageId: `new-${n}@mg.example.com`, recipients }, now);
    return views.find((v) => v.recipient.startsWith('bob'))?.id ?? '';
  };
  // It may take a while until it looks: what is written meanwhile is told of until it has been seen.
  let first = '';
  for (let n = 0; lines().length === 0; n++) {
    now = Date.now();
    first = await tell(n);
    await Promise.race([once(tail.stdout, 'data'), once(AbortSignal.timeout(1000), 'abort')]);
  }
  await change(store, [first, old?.id ?? ''], Date.now(), () => [reported('delivered', MORNING + MINUTE)]);
  while (!out.includes('"report":"delivered"')) await once(tail.stdout, 'data');
  tail.kill('SIGINT');
  const [code, signal] = await once(tail, 'exit');
  assert.deepEqual([code, signal], [0, null]);
  const told = lines().map(
    (line) => JSON.parse(line) as { recipient: string; delivery: string; kind: string; at: string },
  );
  assert.deepEqual([...new Set(told.map((one) => one.recipient))], ['bob@example.net']);
  assert.equal(new Set(told.map((one) => `${one.delivery} ${one.kind}`)).size, told.length);
  assert.ok(told.some((one) => one.kind === 'reported'));
});

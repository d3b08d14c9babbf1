// Real daemons while Mailgun is away.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { settled, until } from '../../src/lab/campaign/application.ts';
import { copiesOf } from '../../src/lab/campaign/verdict.ts';
import { createWorld, DOMAIN, TOKEN, type World } from '../../src/lab/campaign/world.ts';
import { createMigrated, startMariaDb, withoutMariaDb } from '../../src/lab/servers/mariadb.ts';
import { openStore } from '../../src/store/db/open.ts';

const KINDS = ['access', 'notice', 'bulk'] as const;
const CALLS = 8;

async function queue(world: World, recipient: string, kind: string): Promise<void> {
  const answer = await fetch(`${world.front.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${TOKEN}`)}`, connection: 'close' },
    body: new URLSearchParams({
      from: `team@${DOMAIN}`,
      to: recipient,
      subject: 'x',
      text: 'x',
      'v:homing-class': kind,
    }),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** So many of each class, some at once; their recipients, at several domains. */
async function queueMixed(world: World, name: string, count: number): Promise<Record<string, string[]>> {
  const to = (kind: string) => Array.from({ length: count }, (_, n) => `${name}-${kind}-${n}@r${n % 5}.example`);
  const all = Object.fromEntries(KINDS.map((kind) => [kind, to(kind)]));
  const waiting = Object.entries(all).flatMap(([kind, list]) => list.map((recipient) => ({ kind, recipient })));
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await queue(world, next.recipient, next.kind);
  };
  await Promise.all(Array.from({ length: CALLS }, work));
  return all;
}

async function mariaDb(t: TestContext): Promise<string> {
  const server = await startMariaDb();
  t.after(server.stop);
  return createMigrated(server, 'outage');
}

test('while Mailgun is away access mail leaves by the secondary, and everybody gets one copy, though a daemon is killed', {
  skip: withoutMariaDb() ?? false,
}, async (t) => {
  const database = await mariaDb(t);
  const world = await createWorld({
    database,
    env: {
      ENCRYPTION_KEY: 'ab'.repeat(32),
      OUTAGE_STEADY: '3s',
      // So that it is the outage that sends it elsewhere, and not its own patience.
      ACCESS_FALLBACK_AFTER: '10m',
      OUTAGE_PATIENCE: '10m',
    },
  });
  t.after(world.close);
  const [first] = [await world.start(), await world.start()];
  await queueMixed(world, 'before', 5);
  await settled(world.front.url);
  await world.sim.unplug();
  const during = await queueMixed(world, 'during', 60);
  const hasAll = (kind: string) => () =>
    (during[kind] ?? []).every((one) => world.sink.mails.some(({ to }) => to.includes(one)));
  await until('all access mail to leave by the secondary', hasAll('access'));
  await first.kill();
  const store = openStore(database);
  t.after(store.close);
  const states = async () => (await store.db('health').pluck('state')) as string[];
  assert.ok((await states()).includes('down'));
  await world.sim.plug();
  await until('Mailgun to be trusted again', async () => !(await states()).includes('down'));
  await settled(world.front.url);
  for (const recipient of Object.values(during).flat()) assert.equal(copiesOf(world, recipient), 1, recipient);
  const byMailgun = new Set(world.sim.handovers.map(({ recipient }) => recipient));
  assert.ok(
    (during['bulk'] ?? []).every((one) => byMailgun.has(one)),
    'bulk mail waited',
  );
});

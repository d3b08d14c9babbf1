// However much a daemon finds to do, mail that is to leave now does not wait for the rest of it.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SECOND } from '../../src/core/time.ts';
import { until } from '../../src/lab/campaign/application.ts';
import { type Past, seedEvents, seedFallback, seedQuestions } from '../../src/lab/campaign/backlog.ts';
import { createWorld, DOMAIN, TOKEN, type World } from '../../src/lab/campaign/world.ts';
import { migrate } from '../../src/store/db/migrate.ts';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { SETTINGS } from '../support/factory.ts';

const ENCRYPTION_KEY = 'ab'.repeat(32);
const QUEUED = 'ann@there.example';
const FALLING_BACK = 'bela@there.example';

type Seeded = { world: World; store: Store; past(): Past };

async function seeded(t: TestContext): Promise<Seeded> {
  // Mailgun's records say nothing final of a hand-over that got no answer. No daemon dies here, so none has to be found dead
  // within seconds; a machine that stands still for seconds would then end a hand-over without an answer.
  const world = await createWorld({ env: { ENCRYPTION_KEY, EVENTS_SETTLE: '30m', LEASE: '1m', ASK_PATIENCE: '10m' } });
  t.after(world.close);
  const store = openStore(world.database);
  t.after(store.close);
  await migrate(store.db);
  return { world, store, past: () => ({ store, domain: DOMAIN, policies: SETTINGS, now: Date.now() }) };
}

/** An access mail falls due for its fallback when the daemon is up, and the application hands in another. */
async function begin({ world, past }: Seeded): Promise<void> {
  await seedFallback(past(), {
    ...{ recipient: FALLING_BACK, dueAt: Date.now() + 5 * SECOND, encryptionKey: ENCRYPTION_KEY },
  });
  await world.start();
  const response = await fetch(`${world.front.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${TOKEN}`)}` },
    body: new URLSearchParams({
      ...{ from: `team@${DOMAIN}`, to: QUEUED, subject: 'Your link', text: 'Hi', 'v:homing-class': 'access' },
    }),
  });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
}

const hasCome = ({ sim }: World) => sim.handovers.some(({ recipient }) => recipient === QUEUED);
const hasFallenBack = ({ sink }: World) => sink.mails.some((mail) => mail.to.includes(FALLING_BACK));

test('a reset and a fallback leave while Mailgun hangs on the questions about a thousand other mails', async (t) => {
  const given = await seeded(t);
  const { world, store, past } = given;
  world.sim.misbehave(({ path }) => !path.endsWith('/messages'), 'hang');
  await seedQuestions(past(), 1000);
  await begin(given);
  await until('the reset to be handed over', () => hasCome(world));
  await until('the fallback to leave', () => hasFallenBack(world));
  const asked = world.sim.requests.filter(({ path }) => path.endsWith('/events'));
  assert.ok(asked.length >= 16, `${asked.length} questions`);
  assert.deepEqual(
    asked.filter(({ status }) => status !== null),
    [],
    'none of them was answered',
  );
  assert.deepEqual(await store.db('deliveries').where({ state: 'accepted', class: 'notice' }).count({ n: '*' }), [
    { n: 1000 },
  ]);
});

test('a reset and a fallback leave while a hundred thousand events wait to be read', async (t) => {
  const given = await seeded(t);
  const { world, store, past } = given;
  await seedEvents(past(), 100_000);
  await begin(given);
  const waiting = async () => {
    const [row] = await store.db('inbox').where({ pending: 1 }).count({ n: '*' });
    return Number(row?.['n']);
  };
  await until('the reset to be handed over', () => hasCome(world));
  const whenHandedOver = await waiting();
  await until('the fallback to leave', () => hasFallenBack(world));
  const whenFallenBack = await waiting();
  assert.ok(whenHandedOver > 50_000, `${whenHandedOver} events waited when the reset was handed over`);
  assert.ok(whenFallenBack > 0, 'events waited when the fallback left');
  await until('events to be read all the same', async () => (await waiting()) < whenFallenBack);
  t.diagnostic(`${whenHandedOver} and ${whenFallenBack} events waited`);
});

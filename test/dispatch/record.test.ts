// What becomes of hand-overs is written down.
import assert from 'node:assert/strict';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { createRecording, type Ended } from '../../src/dispatch/record.ts';
import { signsOf } from '../../src/store/notes/signs.ts';
import { load, type View } from '../../src/store/rows/rows.ts';
import { at, MORNING } from '../support/clock.ts';
import { accepted, claimed, seedMany } from '../support/factory.ts';
import { logInto } from '../support/homing.ts';
import { lossyStore } from '../support/lossy-proxy.ts';
import { eachStore, onMariaDb, type TestStore } from '../support/stores.ts';

async function handedOver({ store }: Pick<TestStore, 'store'>, count: number) {
  const views = await seedMany(store, count, { facts: [claimed(1, MORNING)] });
  const commits: number[] = [];
  store.heard = (turns) => commits.push(turns.length);
  const settings = { pause: SECOND, outageWindow: MINUTE, schedule: 'auto' } as const;
  const { signal } = new AbortController();
  const record = createRecording({ store, settings, now: () => at(1), signal, log: logInto([]) });
  const states = async () => {
    const now = await load(
      store.db,
      views.map((v) => v.id),
    );
    return views.map((v) => now.get(v.id)?.delivery.state);
  };
  const signs = async () => await signsOf(store, 'mailgun', { now: at(1), window: MINUTE });
  return { views, record, commits, states, signs };
}

const taken = (view: View) => ({ view, fact: accepted(1, at(1)) });

eachStore('answers that come at the same time are written in one commit', async (given) => {
  const { views, record, commits, states } = await handedOver(given, 5);
  await Promise.all(views.map((view) => record(taken(view))));
  assert.deepEqual(commits, [5]);
  assert.deepEqual(await states(), Array(5).fill('accepted'));
});

eachStore('an answer that can not be written takes no other with it', async (given) => {
  const { views, record, states } = await handedOver(given, 3);
  const bad = { ...accepted(1, at(1)), key: null as unknown as string };
  const results = await Promise.allSettled(views.map((view, n) => record(n === 1 ? { view, fact: bad } : taken(view))));
  assert.deepEqual(
    results.map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(await states(), ['accepted', 'sending', 'accepted']);
});

eachStore('how long a call took is counted when it was taken, once for all that it was for', async (given) => {
  const { views, record, signs } = await handedOver(given, 5);
  const refused = { key: 'refused:1', at: at(1), kind: 'refused', attempt: 1, detail: '', retryAfter: null } as const;
  const ends = [
    { fact: accepted(1, at(1)), took: 7 * SECOND },
    { fact: accepted(1, at(1)), took: 7 * SECOND, isToldBefore: true },
    { fact: { ...refused, why: 'invalid' as const }, took: SECOND },
    { fact: { ...refused, why: 'busy' as const }, took: 40 * SECOND },
    { fact: accepted(1, at(1)), took: null },
  ];
  await Promise.all(views.map((view, n) => record({ view, ...(ends[n] ?? ends[4]) } as Ended)));
  assert.deepEqual(await signs(), { taken: 3, failed: 1, barred: 0, unreached: 0, took: { took1: 1, took10: 1 } });
});

onMariaDb('how a call went is counted once, also after a COMMIT whose reply got lost', async ({ t, url }) => {
  const { store: lossy, proxy } = await lossyStore(t, url);
  const { views, record, states, signs } = await handedOver({ store: lossy }, 2);
  proxy.loseNextCommit();
  await Promise.all(views.map((view) => record(taken(view))));
  assert.equal(proxy.lost(), 1);
  assert.deepEqual(await states(), ['accepted', 'accepted']);
  assert.equal((await signs()).taken, 2);
});

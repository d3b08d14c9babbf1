import assert from 'node:assert/strict';
import { DAY } from '../../../src/core/time.ts';
import { transact } from '../../../src/store/db/transact.ts';
import { foldPending } from '../../../src/store/figures/pending.ts';
import { rebuild } from '../../../src/store/figures/rebuild.ts';
import { addSendings, pruneSendings, sendingsSince } from '../../../src/store/figures/sendings.ts';
import { change } from '../../../src/store/ledger/ledger.ts';
import { MORNING } from '../../support/clock.ts';
import { failed, reported, seedMany } from '../../support/factory.ts';
import { eachStore } from '../../support/stores.ts';

const TODAY = MORNING - (MORNING % DAY);
const IP = '192.0.2.1';

eachStore(
  'what is reported of mail is added up by day, address and mailbox, once however often it is told',
  async ({ store }) => {
    const ids = (await seedMany(store, 10)).map(({ id }) => id);
    const told = [
      failed(MORNING, 'retry', { sendingIp: IP }),
      reported('delivered', MORNING + 1, { sendingIp: '192.0.2.2' }),
    ];
    for (const facts of [told, told.slice(0, 1), told]) await change(store, ids, MORNING, () => facts);
    await foldPending(store);
    const rows = await sendingsSince(store, TODAY);
    assert.deepEqual(
      rows.map(({ ip, mailbox, arrived, failed: refused, blocked }) => [ip, mailbox, arrived, refused, blocked]),
      [
        [IP, 'other', 0, 10, 10],
        ['192.0.2.2', 'other', 10, 0, 0],
      ],
    );
  },
);

eachStore('counting the other figures anew leaves these as they are', async ({ store }) => {
  const ids = (await seedMany(store, 3)).map(({ id }) => id);
  await change(store, ids, MORNING, () => [reported('delivered', MORNING, { sendingIp: IP })]);
  const result = await rebuild(store, { now: () => MORNING, check: false, progress: () => {} });
  assert.deepEqual(result.differences, []);
  assert.equal((await sendingsSince(store, TODAY))[0]?.arrived, 3);
});

eachStore('addresses beyond the most of a day are counted together, and known ones go on', async ({ store }) => {
  const add = (from: number, count: number) =>
    transact(store, (tx) =>
      addSendings(
        tx,
        Array.from({ length: count }, (_, n) => {
          const ip = `10.0.${Math.floor((from + n) / 250)}.${(from + n) % 250}`;
          return [TODAY, 'mailgun', ip, 'other', 1, 0, 0, 0, 0, 0];
        }),
      ),
    );
  await add(0, 450);
  await add(440, 100);
  const rows = await sendingsSince(store, TODAY);
  const of = (ip: string) => rows.find((row) => row.ip === ip)?.arrived;
  assert.equal(rows.length, 501);
  assert.deepEqual([of(''), of('10.0.1.190'), of('10.0.1.199')], [40, 2, 2]);
});

eachStore('days are forgotten one at a time when they are too old', async ({ store }) => {
  const days = [3, 2, 1].map((ago) => TODAY - ago * DAY);
  await transact(store, (tx) =>
    addSendings(
      tx,
      days.flatMap((day) => [
        [day, 'mailgun', IP, 'other', 1, 0, 0, 0, 0, 0],
        [day, 'mailgun', IP, 'google', 1, 0, 0, 0, 0, 0],
      ]),
    ),
  );
  const gone = [];
  for (let n = 0; n < 3; n++) gone.push(await pruneSendings(store, TODAY - DAY));
  assert.deepEqual(gone, [2, 2, 0]);
  assert.deepEqual(new Set((await sendingsSince(store, 0)).map(({ day }) => day)), new Set([TODAY - DAY]));
});

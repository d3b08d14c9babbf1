import assert from 'node:assert/strict';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import {
  addReceiverSigns,
  forgetReceivers,
  putOffsNow,
  type ReceiverSign,
  receiverCounts,
} from '../../../src/store/notes/receivers.ts';
import { MORNING } from '../../support/clock.ts';
import { eachStore } from '../../support/stores.ts';

const sign = (receiver: string, over: Partial<ReceiverSign> = {}): ReceiverSign => ({
  ...{ provider: 'mailgun', receiver, class: 'notice', what: 'putOff' },
  ...over,
});
const moment = (now = MORNING) => ({ now, window: MINUTE });

eachStore('what several daemons see of a receiver is counted whole, by class and provider', async ({ store, open }) => {
  const signs = [
    ...Array(3).fill(sign('gmail.com')),
    ...[sign('gmail.com', { what: 'arrived' }), sign('gmail.com', { class: 'bulk' }), sign('b.example')],
    sign('gmail.com', { provider: 'other' }),
  ];
  await Promise.all([store, open(), open()].map((one) => addReceiverSigns(one, signs, moment())));
  await addReceiverSigns(store, signs, moment(MORNING + 5 * MINUTE));
  const counts = await receiverCounts(store, 'mailgun', moment(MORNING + 6 * MINUTE));
  assert.deepEqual(
    counts.sort((a, b) => `${a.receiver} ${a.class}`.localeCompare(`${b.receiver} ${b.class}`)),
    [
      { receiver: 'b.example', class: 'notice', arrived: 0, putOff: 4 },
      { receiver: 'gmail.com', class: 'bulk', arrived: 0, putOff: 4 },
      { receiver: 'gmail.com', class: 'notice', arrived: 4, putOff: 12 },
    ],
  );
  assert.deepEqual(await putOffsNow(store, moment(MORNING + 6 * MINUTE)), [
    { provider: 'mailgun', of: 'receiver', name: 'gmail.com', arrived: 4, putOff: 16 },
  ]);
  assert.deepEqual(await receiverCounts(store, 'mailgun', moment(MORNING + 21 * MINUTE)), []);
});

eachStore('the receivers that are counted stay few, and are forgotten', async ({ store }) => {
  const many = Array.from({ length: 1000 }, (_, n) => sign(`r${n}.example`));
  for (let from = 0; from < many.length; from += 200)
    await addReceiverSigns(store, many.slice(from, from + 200), moment());
  await addReceiverSigns(store, [sign('r0.example'), sign('late.example')], moment());
  const counts = await receiverCounts(store, 'mailgun', moment());
  assert.equal(counts.length, 300);
  assert.equal(counts.find(({ receiver }) => receiver === 'r0.example')?.putOff, 2);
  await forgetReceivers(store, MORNING + HOUR);
  assert.deepEqual(await receiverCounts(store, 'mailgun', moment()), []);
});

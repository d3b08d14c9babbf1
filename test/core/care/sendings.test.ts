import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  allTries,
  blockRate,
  complaintRate,
  deliveryRate,
  NO_TRIES,
  sendingsOf,
  triedIn,
} from '../../../src/core/care/sendings.ts';
import { DAY } from '../../../src/core/time.ts';
import { MORNING } from '../../support/clock.ts';
import { bounce, claimed, reported, verdict } from '../../support/factory.ts';

const IP = '192.0.2.1';
const blockedBy = (message: string) => ({ bounce: bounce({ message }), verdict: verdict(), sendingIp: IP });

test('each report of a server counts as a try from the address that it names, on its day, at its kind of mailbox', () => {
  const told = [
    claimed(1, MORNING, { leaseUntil: MORNING }),
    reported('accepted', MORNING, { sendingIp: IP }),
    reported('deferred', MORNING + 1, {
      bounce: bounce(),
      verdict: verdict('greylisted', 'retry_later'),
      sendingIp: IP,
    }),
    reported('delivered', MORNING + DAY, { sendingIp: IP }),
    reported('opened', MORNING + DAY),
    reported('complained', MORNING + DAY, { sendingIp: IP }),
  ];
  const sendings = sendingsOf('Ann@Gmail.com', told);
  assert.deepEqual(
    sendings.map(({ day, ip, mailbox }) => [day, ip, mailbox]),
    [0, 1, 1].map((later) => [MORNING - (MORNING % DAY) + later * DAY, IP, 'google']),
  );
  assert.deepEqual(allTries(sendings), { ...NO_TRIES, putOff: 1, arrived: 1, complained: 1 });
});

test('a block counts as one that names the address only when the words hold the whole of it', () => {
  const namedIn = (message: string) =>
    allTries(sendingsOf('a@b.example', [reported('failed', MORNING, blockedBy(message))]));
  assert.deepEqual(namedIn('5.7.1 [192.0.2.1] is on our list'), { ...NO_TRIES, failed: 1, blocked: 1, named: 1 });
  for (const words of ['192.0.2.10 is blocked', '1192.0.2.1 is blocked', 'see 192.0.2.1.5', 'you are blocked'])
    assert.equal(namedIn(words).named, 0, words);
  assert.equal(namedIn('192.0.2.10 and 192.0.2.1. Bye').named, 1);
});

test('a refusal of the mailbox is no block, and what names no address, or something else, is not counted', () => {
  const dead = { bounce: bounce(), verdict: verdict('recipient_unknown', 'give_up_suppress') };
  assert.deepEqual(allTries(sendingsOf('a@b.example', [reported('failed', MORNING, { ...dead, sendingIp: IP })])), {
    ...NO_TRIES,
    failed: 1,
  });
  for (const sendingIp of [null, '', 'mx.example.net', '192.0.2.1; drop table', 'f'.repeat(60)])
    assert.deepEqual(sendingsOf('a@b.example', [reported('failed', MORNING, { ...dead, sendingIp })]), []);
});

test('a rate is of what it can be of, and none without anything', () => {
  const tries = { arrived: 90, failed: 10, putOff: 100, blocked: 50, named: 20, complained: 9 };
  assert.equal(triedIn(tries), 200);
  assert.deepEqual([deliveryRate(tries), blockRate(tries), complaintRate(tries)], [0.9, 0.25, 0.1]);
  assert.deepEqual([deliveryRate(NO_TRIES), blockRate(NO_TRIES), complaintRate(NO_TRIES)], [null, null, null]);
});

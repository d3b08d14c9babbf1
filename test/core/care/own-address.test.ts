import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownAddress } from '../../../src/core/care/own-address.ts';
import { dayOf, NO_TRIES, type Sending } from '../../../src/core/care/sendings.ts';
import { DAY } from '../../../src/core/time.ts';
import { ownAddressWords } from '../../../src/core/words/reputation.ts';
import { MORNING } from '../../support/clock.ts';

const IP = '192.0.2.1';
const OWN = new Set([IP]);
const NOBODY: ReadonlySet<string> = new Set();

/** So much mail a day, of which so much is refused for the address, on each of so many days before today. */
const steadily = (days: number, arrived: number, blocked = 0): Sending[] =>
  Array.from({ length: days }, (_, n) => ({
    ...NO_TRIES,
    ...{ day: dayOf(MORNING) - (n + 1) * DAY, provider: 'mailgun', ip: IP, mailbox: 'google', arrived },
    ...{ failed: blocked, blocked, named: blocked },
  }));

const adviceFor = (all: readonly Sending[], dedicated: ReadonlySet<string> = NOBODY) =>
  ownAddress(all, dedicated, MORNING).advice;

test('without enough days or mail nothing is advised', () => {
  assert.equal(adviceFor([]), 'not_enough');
  assert.equal(adviceFor(steadily(13, 9000, 900)), 'not_enough');
  assert.equal(adviceFor(steadily(28, 10)), 'not_enough');
  assert.match(
    ownAddressWords(ownAddress(steadily(3, 10), NOBODY, MORNING)),
    /^not enough figures: 3 days of at least 14/,
  );
});

test('today, and what is older than four weeks, does not count', () => {
  const today = steadily(1, 900_000, 90_000).map((one) => ({ ...one, day: dayOf(MORNING) }));
  const old = steadily(60, 9000, 900).filter(({ day }) => day < dayOf(MORNING) - 28 * DAY);
  assert.equal(adviceFor([...today, ...old]), 'not_enough');
});

test('little mail, or much on few days, stays with the shared addresses however much is refused', () => {
  assert.equal(adviceFor(steadily(28, 3000, 300)), 'too_little');
  assert.equal(adviceFor([...steadily(28, 100), ...steadily(3, 90_000, 9000)]), 'too_little');
});

test('much steady mail gains by an address of its own only when the shared ones are refused', () => {
  assert.equal(adviceFor(steadily(28, 9000, 10)), 'no_need');
  assert.equal(adviceFor(steadily(28, 9000, 90)), 'worth_it');
  assert.match(
    ownAddressWords(ownAddress(steadily(28, 9000, 90), NOBODY, MORNING)),
    /^an address of your own is worth it: 9 090 mails a day/,
  );
});

test('who has only addresses of his own is told so, and refusals of these do not speak against shared ones', () => {
  assert.equal(adviceFor(steadily(28, 9000, 900), OWN), 'has_own');
  const shared = steadily(28, 9000, 1).map((one) => ({ ...one, ip: '192.0.2.2' }));
  assert.equal(adviceFor([...steadily(28, 9000, 900), ...shared], OWN), 'no_need');
});

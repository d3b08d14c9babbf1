import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contradictions, type History } from '../../../src/lab/campaign/history.ts';

/** A delivery that was refused once, claimed again and delivered: nothing is wrong with it. */
const SOUND: History = {
  promised: [{ message: 'm', at: 1 }],
  kept: [{ message: 'm', delivery: 'd', recipient: 'ann@there.example', ended: true }],
  claims: [
    { delivery: 'd', attempt: 2, lease: 'x', at: 10 },
    { delivery: 'd', attempt: 3, lease: 'y', at: 20 },
  ],
  facts: [{ delivery: 'd', attempt: 2, kind: 'refused', at: 15 }],
  handovers: [
    { recipient: 'ann@there.example', at: 11 },
    { recipient: 'ann@there.example', at: 21 },
  ],
};

test('a history in which everything fits has no contradictions', () => {
  assert.deepEqual(contradictions(SOUND), []);
});

const PLANTED: [string, Partial<History>, RegExp][] = [
  ['a message that is lost', { promised: [...SOUND.promised, { message: 'n', at: 2 }] }, /message n .* is lost/],
  ['a delivery that goes on', { kept: SOUND.kept.map((one) => ({ ...one, ended: false })) }, /d has not ended/],
  [
    'an attempt of two daemons',
    { claims: [...SOUND.claims, { delivery: 'd', attempt: 3, lease: 'z', at: 20 }] },
    /attempt 3 .* claimed twice/,
  ],
  [
    'two attempts under one lease',
    { claims: SOUND.claims.map((one) => ({ ...one, lease: 'x' })) },
    /claimed twice under the lease x/,
  ],
  [
    'a hand-over that nobody had claimed',
    { handovers: [...SOUND.handovers, { recipient: 'ann@there.example', at: 22 }] },
    /handed over 3 times, and claimed 2 times/,
  ],
  ['a second attempt without a fact', { facts: [] }, /attempt 3 .* for no reason/],
  [
    'a fact that came too late for it',
    { facts: [{ delivery: 'd', attempt: 2, kind: 'refused', at: 25 }] },
    /attempt 3 .* for no reason/,
  ],
  [
    'a fact that allows nothing',
    { facts: [{ delivery: 'd', attempt: 2, kind: 'unanswered', at: 15 }] },
    /attempt 3 .* for no reason/,
  ],
  [
    'a fact about another delivery',
    { facts: [{ delivery: 'e', attempt: 2, kind: 'refused', at: 15 }] },
    /attempt 3 .* for no reason/,
  ],
];

for (const [what, change, words] of PLANTED) {
  test(`the checker finds ${what}`, () => {
    const found = contradictions({ ...SOUND, ...change });
    assert.ok(
      found.some((one) => words.test(one)),
      JSON.stringify(found),
    );
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fact, STATES } from '../../../src/core/delivery.ts';
import { fold } from '../../../src/core/fold.ts';
import { CLASSES } from '../../../src/core/message-class.ts';
import { REASONS } from '../../../src/core/reason.ts';
import { DEEDS, deedsFor, lastTrouble, type NextTry, nextTry } from '../../../src/core/support.ts';
import { DAY, HOUR, MINUTE } from '../../../src/core/time.ts';
import { CAUSES, type SuppressionCause } from '../../../src/core/verdict.ts';
import { keepingWords } from '../../../src/core/words/holds.ts';
import {
  agoWords,
  DEED_WORDS,
  erasedWords,
  lastTryWords,
  NO_PROOF,
  nextTryWords,
  noRecordProof,
  nothingRecorded,
  suppressionWords,
  troubleWords,
  undoWords,
} from '../../../src/core/words/support.ts';
import { classSentence } from '../../../src/core/words/timeliness.ts';
import { at, MORNING } from '../../support/clock.ts';
import * as past from '../../support/factory.ts';
import { gradeOf, sentencesOf } from '../../support/grade.ts';

const SUPPRESSED: SuppressionCause[] = [...CAUSES, 'complained', 'unsubscribed', 'operator'];
const NEXT: (NextTry | null)[] = [
  null,
  { by: 'homing', at: MORNING, provider: 'mailgun' },
  { by: 'homing', at: null, provider: null },
  { by: 'provider', at: MORNING, provider: 'mailgun' },
  { by: 'provider', at: null, provider: 'mailgun' },
];
const OUTCOMES = ['sending', 'refused', 'unconfirmed', 'accepted', 'deferred', 'failed', 'arrived'] as const;
const ANN = 'anna@example.com';

/** Whatever support may be told beside where a mail stands, which has a test of its own. */
function everything(): string[] {
  const shown = (['on_time', 'quiet', 'delayed', 'backup', 'down'] as const).flatMap((state) =>
    CLASSES.map((name) => classSentence(name, { state, since: MORNING, delay: 9 * MINUTE })),
  );
  const holds = [null, MORNING + HOUR].map((until) =>
    keepingWords({ hold: { until, reason: null, who: 'ann', at: MORNING } }),
  );
  const unwell = (['suspect', 'down', 'recovering'] as const).map((state) =>
    keepingWords({ unwell: [{ provider: 'mailgun', state, since: MORNING, share: 5 }] }),
  );
  const known = [null, MORNING].flatMap((since) => [null, 90 * DAY].map((kept) => noRecordProof({ since, kept })));
  return [
    ...Object.values(NO_PROOF),
    ...DEEDS.map((deed) => DEED_WORDS[deed].sentence),
    ...NEXT.flatMap((next) =>
      [null, 'Mailgun'].flatMap((name) => [at(-1), at(1)].map((now) => nextTryWords(next, name, now))),
    ),
    ...SUPPRESSED.flatMap((cause) => [suppressionWords(cause), undoWords(cause)]),
    ...REASONS.map(troubleWords),
    ...OUTCOMES.map((outcome) => lastTryWords({ failure: null, answer: null, outcome })),
    ...[...shown, ...holds, ...unwell, ...known],
    ...[nothingRecorded(ANN), erasedWords(MORNING)],
  ];
}

test('whatever support is told is read with eight years of school, each sentence by itself', () => {
  const hard = everything()
    .flatMap(sentencesOf)
    .filter((sentence) => gradeOf(sentence) > 8)
    .map((sentence) => `${gradeOf(sentence).toFixed(1)} ${sentence}`);
  assert.deepEqual([...new Set(hard)], []);
});

test('whatever support is told is whole sentences, without a word of ours in code', () => {
  for (const text of everything()) {
    assert.match(text, /^[A-Z][^\n]+[.]$/);
    assert.doesNotMatch(text.replace('MAILGUN_STORAGE_HOSTS', ''), /undefined|null|NaN|_|Invalid| {2}/, text);
  }
});

const prospect = { isSuppressed: false, isWatched: false, mayResend: true };

test('there is something to do in every state, for every reason', () => {
  for (const state of STATES)
    for (const reason of [...REASONS, null])
      for (const isWatched of [false, true])
        assert.notDeepEqual(
          deedsFor({ ...prospect, delivery: { state, reason }, isWatched }),
          [],
          `${state} ${reason}`,
        );
});

test('of mail that is only watched nothing is offered that Homing would have to send or stop', () => {
  const deeds = STATES.flatMap((state) =>
    deedsFor({ ...prospect, delivery: { state, reason: null }, isWatched: true }),
  );
  assert.deepEqual(
    deeds.filter((deed) => DEED_WORDS[deed].forOne),
    [],
  );
});

test('what failed is laid to whom it can be mended by', () => {
  const deeds = (reason: 'recipient_unknown' | 'mailbox_full' | 'sender_auth' | 'refused_invalid') =>
    deedsFor({ ...prospect, delivery: { state: 'failed', reason }, mayResend: false });
  assert.deepEqual(deeds('recipient_unknown'), ['check_address', 'new_mail']);
  assert.deepEqual(deeds('mailbox_full'), ['make_room', 'other_way']);
  assert.deepEqual(deeds('sender_auth'), ['tell_operator', 'other_way']);
  assert.deepEqual(deeds('refused_invalid'), ['tell_operator', 'other_way']);
});

test('an address on the list comes first, and nothing is sent to it again', () => {
  const deeds = deedsFor({ ...prospect, delivery: { state: 'expired', reason: null }, isSuppressed: true });
  assert.deepEqual(deeds, ['unsuppress', 'new_mail']);
});

test('commands and calls name the mail and the person, as one word of a shell and of a path', () => {
  const target = { message: '01KB2X7Q9T4M3N5P6R8S0V1W2Y', recipient: "o'b&reboot@example.com" };
  const { retry, unsuppress, cancel } = DEED_WORDS;
  assert.equal(retry.command?.(target), `homing retry ${target.message} --recipient 'o'\\''b&reboot@example.com'`);
  assert.equal(unsuppress.call?.(target), "DELETE /api/suppressions/o'b%26reboot%40example.com");
  assert.equal(cancel.call?.(target), `POST /api/messages/${target.message}/cancel`);
  assert.equal(unsuppress.command?.({ ...target, recipient: ANN }), `homing suppressions remove ${ANN}`);
});

const stands = (...facts: Fact[]) => fold(past.birth(), facts);

test('the last thing that went wrong is told, whoever told of it', () => {
  const put = past.reported('deferred', at(3), { bounce: past.bounce({ message: 'try later' }) });
  const said = (...facts: Fact[]) => {
    const trouble = lastTrouble(stands(...facts));
    return trouble && [trouble.at, trouble.attempt, trouble.reason];
  };
  const failed = [...past.sent(), past.failed(at(1))];
  assert.equal(said(...past.sent()), null);
  assert.deepEqual(said(...failed), [at(1), 1, 'ip_block']);
  assert.deepEqual(said(...past.sent(), put), [at(3), 1, 'undetermined']);
  assert.deepEqual(said(...failed, past.claimed(2, at(2)), past.refused(2, at(2), 'busy')), [at(2), 2, 'refused_busy']);
  assert.deepEqual(said(past.claimed(1, at(2)), past.unanswered(1, at(4))), [at(4), 1, 'unanswered']);
});

test('the next try is told with its provider only where that can be said', () => {
  const failed = stands(...past.sent(), past.failed(at(1)));
  const [mailgun, other, third] = ['mailgun', 'other', 'third'].map((name) => ({ name, isUp: true }));
  assert.ok(mailgun && other && third);
  const used = { ...failed, budget: failed.tries };
  const through = (d: typeof failed, ...ways: { name: string; isUp: boolean }[]) =>
    nextTry(d, true, ways, at(2))?.provider;
  assert.equal(through(failed, mailgun, other), 'mailgun');
  assert.equal(through(used, mailgun, other), 'other');
  assert.equal(through(used, mailgun, other, third), null, 'which of the two is chosen then');
  assert.equal(through(failed, { ...mailgun, isUp: false }, other), null, 'what a class does in an outage');
  assert.equal(through(failed), null);
  const scheduled = stands(past.claimed(1, at(0), { deliverAt: at(60) }), past.accepted(1, at(0)));
  assert.deepEqual(nextTry(scheduled, true, [], at(2)), { by: 'provider', at: at(60), provider: 'mailgun' });
  assert.equal(nextTry(scheduled, true, [], at(61)), null);
  assert.equal(nextTry(stands(...past.sent(), past.reported('delivered', at(1))), true, [], at(2)), null);
});

test('what came of the last try is told by its cause, where one is known', () => {
  const words = (...facts: Fact[]) => stands(...facts).attempts.map(lastTryWords);
  const failed = [...past.sent(), past.failed(at(1)), past.claimed(2, at(2)), past.refused(2, at(2), 'busy')];
  assert.deepEqual(words(...failed), [
    'What went wrong: the receiving server blocks the sending IP address.',
    'What went wrong: the provider was busy or could not be reached.',
  ]);
  assert.deepEqual(words(...past.sent()), ['The provider took it.']);
});

test('a moment is told by how long it is to there', () => {
  assert.deepEqual(
    [-90, 0, 2].map((minutes) => agoWords(at(minutes), at(0))),
    ['1 h 30 min ago', 'now', 'in 2 min'],
  );
});

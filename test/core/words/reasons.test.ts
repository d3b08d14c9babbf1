import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DECISION_OF } from '../../../src/classifier/engine/rule.ts';
import { REFUSALS } from '../../../src/core/answer.ts';
import { REASONS, type Reason, refusedFor } from '../../../src/core/reason.ts';
import { CAUSES, type Cause } from '../../../src/core/verdict.ts';
import { adviceFor, REASON_WORDS, reasonWords, refusedAs, shortReason } from '../../../src/core/words/reasons.ts';

/** Words that stand in the middle of a sentence: one line, no capital unless it is a name, no full stop. */
const INSIDE = /^(?:[a-z]|SPF)[^\n_]*[^.,;:\s]$/;

for (const reason of REASONS) {
  test(`the reason ${reason} has all its words`, () => {
    const { sentence, short } = REASON_WORDS[reason];
    // The name of a setting may stand in it.
    assert.match(sentence.replace('MAILGUN_STORAGE_HOSTS', ''), INSIDE);
    assert.match(short, /^[^\n_]{4,40}[^.\s]$/);
    const advice = adviceFor(reason);
    if (advice !== null) assert.match(advice, /^[A-Z][^\n]{30,}[.>]$/);
  });
}

test('nobody is shown the same words for two refusals', () => {
  const words = REFUSALS.map((why) => reasonWords(refusedFor(why)));
  assert.equal(new Set(words).size, REFUSALS.length);
});

test('every cause says how a server refused by it', () => {
  for (const cause of CAUSES) assert.match(refusedAs(cause), /^(?:as|by|for|from|to|without) [^.(_]+$/, cause);
});

test('a reason that this version does not know is shown as it was written', () => {
  assert.equal(reasonWords('of_another_time'), 'of_another_time');
  assert.equal(shortReason('of_another_time'), 'of another time');
  assert.equal(refusedAs('of_another_time'), '(of another time)');
  assert.equal(adviceFor('of_another_time'), null);
  assert.equal(reasonWords(null), 'no reason is known');
});

/** What the first version could store as the reason of an end, and what it said of it. */
const STORED: readonly [Reason, string][] = [
  ['recipient_unknown', 'there is no such mailbox'],
  ['recipient_disabled', 'the mailbox is closed'],
  ['bad_domain', "the recipient's domain takes no mail"],
  ['suppressed', 'the address is on a suppression list'],
  ['mailbox_full', 'the mailbox is full'],
  ['greylisted', 'the receiving server asks every new sender to come back later'],
  ['rate_limited', 'too much mail in too short a time'],
  ['server_temporary', 'the receiving server had trouble of its own'],
  ['network', 'the receiving server could not be reached'],
  ['ip_block', 'the receiving server blocks the sending IP address'],
  ['ip_config', 'the receiving server objects to how the sending IP address is set up'],
  ['spam_content', 'the receiving server takes the message for spam'],
  ['policy_block', 'the receiving server refuses it by a policy that it does not explain'],
  ['sender_auth', 'SPF, DKIM or DMARC of the sending domain did not pass'],
  ['sender_address', 'the receiving server does not accept the sender address'],
  ['tls_or_login', 'the receiving server wants encryption or a login'],
  ['domain_reputation', 'the sending domain has a bad reputation'],
  ['message_format', 'the receiving server objects to the form of the message'],
  ['message_too_big', 'the message is too big'],
  ['protocol_error', 'the two servers did not understand each other'],
  ['recipient_restricted', 'the recipient does not take mail from this sender'],
  ['relay_denied', "the recipient's domain is set up wrongly: its server will not take mail for it"],
  ['loop', 'the mail went round in a loop on the receiving side'],
  ['server_misconfig', 'the receiving side is set up wrongly'],
  ['provider_rejected', 'the provider refused to process it'],
  ['undetermined', 'the receiving server did not say why'],
  ['useful_life_over', 'its useful life ended'],
  ['nothing_to_send', 'no copy of the message is kept that could be sent'],
  ['storage_gone', "the provider's stored copy can not be had and we keep none"],
  [
    'storage_refused',
    "the stored copy is said to be where the API key may not go (MAILGUN_STORAGE_HOSTS, the delivery's own domain), and we keep none",
  ],
  ['never_reached_provider', 'the provider has no record of it, and there is no copy that could be sent'],
  ['secondary_refused', 'the receiving server turned the secondary away as well'],
  ['secondary_exhausted', 'the secondary did not get it through either'],
  ['refused_invalid', 'the provider refused the message as invalid'],
  ['refused_account', 'the provider refused our account'],
  ['refused_busy', 'the provider was busy or could not be reached'],
  ['refused_gone', "the provider's stored copy is gone"],
  ['refused_storage_refused', 'the stored copy is said to be where the API key may not go'],
  ['failed', 'the provider reported a failure and did not say why'],
  ['bounce_list_unasked', 'the provider could not be asked to take the address off its bounce list'],
  ['bounce_listed', "the address stays on the provider's bounce list"],
  ['not_confirmed', 'the provider does not confirm that it ever had this message for this recipient'],
  ['superseded', 'a newer message with the same key took its place'],
  ['unconfirmed', 'nobody can say whether it went out'],
  ['silent_accepted', 'the provider accepted it and never told what became of it'],
  ['silent_deferred', 'the provider was still retrying when it last told of it'],
  ['silence', 'the provider accepted it and never told what became of it'],
  ['unanswered', 'the provider gave no answer'],
  ['reopened', 'an operator opened it again'],
];

test('what was stored before reads as it did', () => {
  for (const [reason, words] of STORED) assert.equal(reasonWords(reason), words);
});

test('whatever the sender has to mend has advice that says what', () => {
  for (const cause of CAUSES.filter((one) => DECISION_OF[one] === 'fix_sender'))
    assert.match(adviceFor(cause, '') ?? '', /^[A-Z].{30,}\.$/, cause);
});

test('what an operator can set right at the provider has advice', () => {
  for (const reason of ['refused_account', 'bounce_listed', 'storage_refused', 'refused_storage_refused'])
    assert.notEqual(adviceFor(reason), null, reason);
});

const NAMED: [Cause, string, RegExp][] = [
  ['sender_auth', 'SPF check failed', /^SPF: .*include:mailgun\.org/],
  ['sender_auth', 'no valid DKIM signature', /^DKIM: /],
  ['sender_auth', "violates the domain's DMARC policy; SPF failed", /^DMARC: /],
  ['sender_auth', 'not authenticated', /SPF: .*DKIM: .*DMARC: /],
  ['ip_config', 'no reverse DNS', /^PTR: /],
  ['message_too_big', '', /^Size: /],
  ['message_format', 'contains a virus', /^Virus: /],
  ['message_format', 'two From headers', /^Form: /],
  ['domain_reputation', 'listed in DBL', /^Domain reputation: /],
];

for (const [cause, reply, wanted] of NAMED) {
  test(`for ${cause}, "${reply}", the advice names what to mend`, () => {
    assert.match(adviceFor(cause, reply) ?? '', wanted);
  });
}

test("a dead address is nobody's to mend", () => {
  assert.equal(adviceFor('recipient_unknown', 'SPF'), null);
});

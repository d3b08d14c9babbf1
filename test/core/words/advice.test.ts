import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DECISION_OF } from '../../../src/classifier/engine/rule.ts';
import { CAUSES, type Cause } from '../../../src/core/verdict.ts';
import { adviceFor } from '../../../src/core/words/advice.ts';

test('whatever the sender has to mend has advice that says what', () => {
  for (const cause of CAUSES.filter((one) => DECISION_OF[one] === 'fix_sender'))
    assert.match(adviceFor(cause, '') ?? '', /^[A-Z].{30,}\.$/, cause);
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

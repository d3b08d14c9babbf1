import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALERT_KINDS } from '../../../src/core/alerting.ts';
import { ALERT_WORDS } from '../../../src/core/words/alerts.ts';

for (const kind of ALERT_KINDS) {
  test(`an alert of the kind ${kind} says what has happened and what to do, once and often`, () => {
    const { headline, advice } = ALERT_WORDS[kind];
    for (const n of [1, 12]) assert.match(headline(n), /^(?:\d+ (?:mails?|DNS records?)|[A-Za-z]).{15,80}[^.\s]$/);
    assert.match(advice, /^[A-Z][^\n]{30,}\.$/);
  });
}

test('one mail is not spoken of as many', () => {
  assert.equal(ALERT_WORDS.gave_up.headline(1), '1 mail could not be delivered and was given up');
  assert.equal(ALERT_WORDS.expired.headline(2), '2 mails did not arrive within their useful life');
});

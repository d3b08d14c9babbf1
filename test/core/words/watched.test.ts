import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold } from '../../../src/core/fold.ts';
import { factWords } from '../../../src/core/words/facts.ts';
import { standingWords } from '../../../src/core/words/standing.ts';
import { MORNING } from '../../support/clock.ts';
import { birth, ended, failed, sent } from '../../support/factory.ts';

test('mail that is only watched is not said to be sent again, nor rightly left alone', () => {
  const bounced = failed(MORNING + 1, 'retry');
  const facts = [...sent(), bounced, ended(1, MORNING + 2, 'failed', 'ip_block')];
  const delivery = fold(birth('notice', { watch: true }), facts);
  const words = standingWords(delivery, true);
  assert.match(words, /^It failed: .*\. It is only watched here, so it is for its sender to send it again\.$/);
  assert.doesNotMatch(factWords(bounced, true), /so it is/);
  assert.match(factWords(bounced), /so it is sent again/);
  assert.match(standingWords(delivery), /rightly not tried again/);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHECKS, type KeptDrill } from '../../../src/core/drills.ts';
import { DAY, MINUTE } from '../../../src/core/time.ts';
import { CHECK_WORDS, lastDrillWords } from '../../../src/core/words/drills.ts';
import { summaryFile } from '../../../src/tell/summary/file.ts';
import { summaryJson } from '../../../src/tell/summary/json.ts';
import { summaryText } from '../../../src/tell/summary/text.ts';
import { MORNING } from '../../support/clock.ts';
import { sample } from '../../tell/summary/support.ts';

const drill = (over: Partial<KeptDrill> = {}): KeptDrill => ({
  ...{
    id: 'D',
    fault: 'down',
    ground: 'staging',
    startedAt: MORNING,
    endedAt: MORNING + MINUTE,
    passed: true,
    failed: [],
  },
  ...over,
});
const HEAD = 'The last drill (down, against Mailgun in test mode) of 2026-11-25';

test('the last drill is told with its date, what failed, and its age when that is long', () => {
  const words = (over: Partial<KeptDrill>, age = DAY) => lastDrillWords(drill(over), MORNING + age);
  assert.match(words({}), new RegExp(`^${HEAD.replace(/[()]/g, '\\$&')} \\S+ UTC passed\\.$`));
  assert.match(
    words({ passed: false, failed: ['drain', 'one_copy'] }),
    / failed: the backlog did not drain evenly; not exactly one copy arrived\.$/,
  );
  assert.match(words({ passed: false, failed: ['it ended\u001b[31m with 2'] }), / failed: it ended \[31m with 2\.$/);
  assert.match(words({ passed: false }), / failed: nobody knows why\.$/);
  assert.match(words({ passed: null, endedAt: null }), / has not ended yet\.$/);
  assert.match(words({ passed: null, endedAt: null }, 2 * DAY), / did not end\.$/);
  assert.match(
    words({}, 100 * DAY),
    / passed\. That is 100 d ago: homing drill proves whether the plan still holds\.$/,
  );
});

test('each check is told of in words of its own', () => {
  assert.equal(new Set(CHECKS.map((name) => CHECK_WORDS[name])).size, CHECKS.length);
});

test('the daily report tells of the last drill in all its forms, and of none where there was none', async () => {
  const generatedAt = MORNING + DAY;
  const told = { ...sample(), generatedAt, drill: drill({ passed: false, failed: ['failback'] }) };
  const plain = (text: string) => text.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ');
  for (const text of [summaryText(told), await summaryFile(told)])
    assert.match(plain(text), /The last drill \(down, .*\) of .* failed: the failback was not calm\./);
  const { id: _, endedAt: __, ...shown } = told.drill;
  assert.deepEqual(summaryJson(told)['drill'], { ...shown, startedAt: new Date(MORNING).toISOString() });
  const none = { ...told, drill: null };
  assert.doesNotMatch(`${summaryText(none)}${JSON.stringify(summaryJson(none))}`, /drill/);
});

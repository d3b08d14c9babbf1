import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { foldPending } from '../../src/store/figures/pending.ts';
import type { Running } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { accepted, bounce, claimed, failed, reported, seed, sent, verdict } from '../support/factory.ts';
import { looksWell } from './look.ts';
import { loggedIn, startDashboard, wordsOf } from './support.ts';

const HOSTILE = '<script>alert(1)</script>\u202e the pigeonhole of ann@example.net is bricked up';

/** One mail that a second try got through, and two that failed with words that no rule knows. */
async function threeFailures({ store, clock }: Running): Promise<void> {
  const again = MORNING + 5 * MINUTE;
  await seed(store, {
    facts: [
      ...sent(),
      failed(MORNING + MINUTE),
      claimed(2, again),
      accepted(2, again, 'm1b@mg.example.com'),
      reported('delivered', again + MINUTE, { messageId: 'm1b@mg.example.com' }),
    ],
  });
  for (const n of [2, 3]) {
    const unclear = failed(MORNING + n * MINUTE, 'stop', {
      bounce: bounce({ enhancedCode: null, message: HOSTILE }),
      verdict: verdict('undetermined', 'give_up_no_suppress'),
    });
    const facts = [...sent(MORNING, `c${n}@mg.example.com`), { ...unclear, messageId: `c${n}@mg.example.com` }];
    await seed(store, { messageId: `c${n}@mg.example.com`, recipients: ['ann@example.net'], facts });
  }
  await foldPending(store);
  clock.set(MORNING + HOUR);
}

test('it says whether trying again helps, and gives a rule for what nobody understood', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  const empty = wordsOf((await ann.get('/causes')).text);
  assert.match(empty, /Nothing failed\. When something does.*None\. Each reply was understood/);
  running.clock.advance(2 * MINUTE);
  await threeFailures(running);
  const { text } = await ann.get('/causes?days=7');
  const words = wordsOf(text);
  assert.match(words, /Too few to say: 1 of 1 re-post \(100 %\) arrived/);
  assert.match(words, /our IP is blocked 1 1 1 100 % 0 0/);
  assert.match(words, /2 × 550 &lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  assert.match(words, /&quot;match&quot;: &quot;&lt;\/script&gt; the pigeonhole of/);
  assert.ok(!text.includes('<script>alert') && !text.includes('\u202e'));
  assert.doesNotMatch(text, /<textarea/);
  assert.equal((await ann.get('/causes?days=8')).status, 400);
});

const RULES = JSON.stringify([
  { name: 'gone', match: 'is bricked up', cause: 'recipient_disabled' },
  { name: 'other', match: '<b>no</b>', cause: 'ip_block' },
]);

test('owners try rules on what has failed, and nothing is changed by that', async (t) => {
  const running = await startDashboard(t);
  await threeFailures(running);
  const { store } = running;
  const [bob, olga] = [await loggedIn(running, 'operator'), await loggedIn(running, 'owner')];
  const { token } = await bob.get('/causes');
  assert.equal((await bob.post('/causes/replay', { token, rules: RULES, days: '7' })).status, 403);

  const facts = await store.db('facts').count({ n: '*' }).first();
  const replay = (rules: string, days = '7') => olga.fill('/causes', '/causes/replay', { rules, days });
  const { status, text } = await replay(RULES);
  assert.equal(status, 200);
  const words = wordsOf(text);
  assert.match(words, /3 failures, 2 judged differently\. Nothing was changed/);
  assert.match(words, /address suppressed 0 2 2 0/);
  assert.match(
    words,
    /a\*\*\*@example\.net 550 &lt;script&gt;.*\(address\) is bricked up .* give_up_suppress \(recipient_disabled, rule gone\)/,
  );
  assert.doesNotMatch(words, /ann@example\.net/);
  assert.match(text, /&lt;b&gt;no&lt;\/b&gt;/);
  assert.deepEqual(await store.db('facts').count({ n: '*' }).first(), facts);
  assert.equal((await store.db('suppressions')).length, 0);
  assert.match(wordsOf((await replay('[]')).text), /3 failures, 0 judged differently/);

  const wrong = wordsOf((await replay('[{"name":"x","match":"/(a+)+$/","cause":"none"}]')).text);
  assert.match(wrong, /rule 1 \(&quot;x&quot;\): unsafe or wrong pattern.*&quot;cause&quot; must be one of/);
  assert.match(wordsOf((await replay('nonsense')).text), /not JSON/);
  assert.equal((await replay(RULES, '400')).status, 400);
});

test('the form begins with the rules that there are', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-causes-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const rulesFile = join(folder, 'rules.json');
  writeFileSync(rulesFile, RULES);
  const olga = await loggedIn(await startDashboard(t, { rulesFile }), 'owner');
  assert.match((await olga.get('/causes')).text, /<textarea[^>]*>\[\{&quot;name&quot;:&quot;gone&quot;/);
  writeFileSync(rulesFile, ' '.repeat(64_001));
  assert.match((await olga.get('/causes')).text, /Your rules file has more than 64 000 characters/);
  rmSync(rulesFile);
  assert.match((await olga.get('/causes')).text, /Your rules file can not be read/);
});

test('in a browser the causes and a replay fit and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  await threeFailures(running);
  await looksWell(t, running, 'owner', ['/causes'], async (page) => {
    await page.goto(`${running.url}/causes`);
    await page.getByLabel('Rules, as in the file').fill(RULES);
    await page.getByRole('button', { name: 'Try them' }).click();
    await page.getByText('judged differently').waitFor();
  });
});

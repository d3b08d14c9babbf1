import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { settingsShown } from '../../src/config/shown.ts';
import { withoutBrowser } from '../support/browser.ts';
import { looksWell } from './look.ts';
import { loggedIn, startDashboard, wordsOf } from './support.ts';

const CANARY = 'Canary0123456789Canary0123456789';
const ENV = {
  DATABASE_URL: `mysql://homing:${CANARY}@db.example:3306/homing`,
  MAILGUN_API_KEY: CANARY,
  SPOOL_DIR: `/var/<script>/${'x'.repeat(300)}`,
};
const configuration = () => settingsShown(readConfig(ENV, 'database'));

test('owners see what holds and where it comes from, nobody sees a secret, and others see nothing', async (t) => {
  const running = await startDashboard(t, { configuration });
  const [bob, olga] = [await loggedIn(running, 'operator'), await loggedIn(running, 'owner')];
  assert.equal((await bob.get('/settings')).status, 403);
  assert.doesNotMatch((await bob.get('/')).text, /href="\/settings"/);
  assert.match((await olga.get('/')).text, /href="\/settings"/);
  const { text } = await olga.get('/settings');
  const words = wordsOf(text);
  assert.match(words, /MAILGUN_API_KEY set the environment API key of the Mailgun account/);
  assert.match(words, /DATABASE_URL mysql:\/\/db\.example:3306… \(not shown whole\) the environment/);
  assert.match(words, /PORT 8080 its default/);
  assert.match(words, /RETRY_PAUSE 30s follows RETRY_UNIT/);
  assert.match(words, /PUBLIC_URL not set – .*Without it: "?(&quot;)?homing doctor/);
  assert.ok(!text.includes(CANARY) && !text.includes('<script>/'));
});

test('in a browser the settings fit and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t, { configuration });
  await looksWell(t, running, 'owner', ['/settings']);
});

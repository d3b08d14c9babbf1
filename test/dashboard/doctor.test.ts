import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import type { Finding } from '../../src/dashboard/desk/desk.ts';
import { startBrowser, withoutBrowser } from '../support/browser.ts';
import { looksWell } from './look.ts';
import { loggedIn, PASSWORD, startDashboard, wordsOf } from './support.ts';

const FINDINGS: Finding[] = [
  { check: 'database', status: 'ok', says: 'it answers', mend: null },
  {
    check: 'webhooks',
    status: 'problem',
    says: '<b>none</b> is registered',
    mend: 'run "homing doctor --fix-webhooks"',
  },
  { check: 'disk', status: 'warning', says: 'x'.repeat(300), mend: 'make room' },
];

type Look = {
  promise: Promise<readonly Finding[]>;
  resolve(found: readonly Finding[]): void;
  reject(error: Error): void;
};

/** A doctor that comes to its end when it is told to. */
function patient() {
  const looks: Look[] = [];
  const examine = () => {
    let resolve: (found: readonly Finding[]) => void = () => {};
    let reject: (error: Error) => void = () => {};
    const promise = new Promise<readonly Finding[]>((one, other) => {
      resolve = one;
      reject = other;
    });
    looks.push({ promise, resolve, reject });
    return promise;
  };
  return { looks, examine };
}

test('the doctor looks when it is told to, nobody waits for it, and it looks once at a time', async (t) => {
  const { looks, examine } = patient();
  const running = await startDashboard(t, { examine });
  const [ann, bob] = [await loggedIn(running, 'support'), await loggedIn(running, 'operator')];
  assert.equal((await ann.get('/doctor')).status, 403);
  const { token } = await ann.get('/');
  assert.equal((await ann.post('/doctor', { token })).status, 403);
  assert.equal(looks.length, 0);

  assert.match((await bob.get('/doctor')).text, /It has not looked since this daemon was started/);
  assert.equal((await bob.fill('/doctor', '/doctor', {})).status, 303);
  const page = await bob.get('/doctor');
  assert.equal(page.headers.get('refresh'), '3');
  assert.match(page.text, /The doctor is looking/);
  await bob.fill('/', '/doctor', {});
  assert.equal(looks.length, 1);

  running.clock.advance(7 * SECOND);
  looks[0]?.resolve(FINDINGS);
  await looks[0]?.promise;
  running.clock.advance(MINUTE);
  const found = await bob.get('/doctor');
  assert.equal(found.headers.get('refresh'), null);
  assert.match(wordsOf(found.text), /1 problem, 1 warning It looked 1 min ago , for 7 s/);
  assert.match(
    wordsOf(found.text),
    /webhooks problem &lt;b&gt;none.* run &quot;homing doctor --fix-webhooks&quot; disk warning .* database ok it answers –/,
  );

  await bob.fill('/doctor', '/doctor', {});
  looks[1]?.reject(new Error('it came to no end in time'));
  await looks[1]?.promise.catch(() => {});
  assert.match(wordsOf((await bob.get('/doctor')).text), /The doctor came to no end .* it came to no end in time/);
  assert.deepEqual(
    await running.store.db('audit').where({ what: 'doctor' }).pluck('who'),
    Array(2).fill('operator (dashboard)'),
  );
});

test('in a browser the findings come by themselves, fit and can be used by everybody', {
  skip: withoutBrowser,
}, async (t) => {
  const { looks, examine } = patient();
  const running = await startDashboard(t, { examine });
  const page = await (await startBrowser(t)).newPage();
  await page.goto(`${running.url}/login?next=/doctor`);
  await page.getByLabel('Name').fill('operator');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Look now' }).click();
  await page.getByText('The doctor is looking').waitFor();
  looks[0]?.resolve(FINDINGS);
  await page.getByText('1 problem, 1 warning').waitFor();
  await looksWell(t, running, 'operator', ['/doctor']);
});

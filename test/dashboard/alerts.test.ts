import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MINUTE } from '../../src/core/time.ts';
import { alertFailed, alertSent, raise, takeAlert } from '../../src/store/alerts.ts';
import { openIncidents } from '../../src/store/incidents.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { bundleAlerts } from '../../src/tell/alert.ts';
import type { Running } from '../http/support.ts';
import { TOKEN } from '../http/support.ts';
import { withoutBrowser } from '../support/browser.ts';
import { MORNING } from '../support/clock.ts';
import { ended, failed, seed, sent } from '../support/factory.ts';
import { logInto } from '../support/homing.ts';
import { looksWell } from './look.ts';
import { createVisitor, loggedIn, startDashboard, wordsOf } from './support.ts';

const HOSTILE = '<img src=x onerror=alert(1)>';

/** One that was sent, about a delivery, and one that no channel takes. */
async function twoAlerts({ store, clock }: Running): Promise<{ sent: string; stuck: string }> {
  const log = logInto([]);
  const now = () => MORNING + 2 * MINUTE;
  const told = { store, channels: [], group: 1, repeat: 1, lease: MINUTE, pause: 1000, publicUrl: null, now, log };
  const take = async () => {
    await bundleAlerts(told);
    const alert = await takeAlert(store, { now: now(), until: now() + MINUTE });
    assert.ok(alert);
    return alert;
  };
  const [view] = await seed(store, { facts: [...sent(), failed(MORNING + MINUTE)] });
  await change(store, [view?.id ?? ''], MORNING + MINUTE, () => [
    ended(1, MORNING + MINUTE, 'abandoned', 'storage_gone'),
  ]);
  const first = await take();
  await alertSent(store, first.claim, now());
  const item = { item_key: 'x', incident: 'webhooks_silent', kind: 'webhooks_silent' as const, at: MORNING };
  await raise(store, { ...item, detail: HOSTILE });
  const stuck = await take();
  await alertFailed(store, stuck, now() + MINUTE, `refused ${HOSTILE}`);
  clock.set(now());
  return { sent: first.id, stuck: stuck.id };
}

test('alerts are listed, those first that reached nobody, and each has its text and its mails', async (t) => {
  const running = await startDashboard(t);
  const { sent: id, stuck } = await twoAlerts(running);
  const ann = await loggedIn(running, 'support');
  const { text } = await ann.get('/alerts');
  const list = wordsOf(text);
  assert.match(
    list,
    /Still to be sent \[Homing\] no webhook arrives although mail is sent \( now \): tried 1 time, refused &lt;img/,
  );
  assert.match(list, /1 mail could not be delivered and was given up \(mg\.example\.com\) 1 now/);
  assert.ok(list.indexOf('[Homing] no webhook arrives') < list.indexOf('[Homing] 1 mail could not be'));
  const one = await ann.get(`/alerts/${id}`);
  assert.match(one.text, /ann@example\.net<\/a>: abandoned/);
  assert.match(one.text, /<p><b>tried<\/b> 2026-11-25 \d\d:\d\d:\d\d UTC attempt 1, [^\n<]+<\/p>/, 'a line is whole');
  assert.match(one.text, /<p><b>What to do:<\/b> [^\n<]+<\/p>/);
  const other = await ann.get(`/alerts/${stuck}`);
  assert.match(other.text, /&lt;img src=x/);
  assert.match(wordsOf(other.text), /Written now , not sent yet/);
  assert.equal((await ann.get('/alerts/nothing')).status, 404);
});

test('an alert is shown plainly to whoever comes with a token, and to strangers after a login', async (t) => {
  const running = await startDashboard(t);
  const { sent: id } = await twoAlerts(running);
  const stranger = createVisitor(running);
  const plain = await stranger.get(`/alerts/${id}`, { Authorization: `Basic ${btoa(`ann:${TOKEN}`)}` });
  assert.deepEqual([plain.status, /Written 2026-11-25/.test(plain.text)], [200, true]);
  assert.equal((await stranger.get(`/alerts/${id}`)).headers.get('location'), `/login?next=%2Falerts%2F${id}`);
  const without = await startDashboard(t, { users: [], publicUrl: 'https://homing.example.com' });
  const { status, headers } = await createVisitor(without).get(`/alerts/${id}`);
  assert.deepEqual([status, headers.get('www-authenticate')?.slice(0, 5)], [401, 'Basic']);
});

test('in a browser alerts fit and can be used by everybody', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  const { sent: id } = await twoAlerts(running);
  await looksWell(t, running, 'support', ['/alerts', `/alerts/${id}`]);
});

test('open incidents say who has taken them, and operators take them with a button', async (t) => {
  const running = await startDashboard(t);
  await twoAlerts(running);
  const open = (await openIncidents(running.store)).find(({ name }) => name === 'webhooks_silent');
  assert.ok(open);
  const support = await loggedIn(running, 'support');
  const seen = await support.get('/alerts');
  assert.match(seen.text, /Open incidents[\s\S]*\(webhooks_silent\)[\s\S]*nobody/);
  assert.match(seen.text, /<a href="\/runbook#webhooks_silent">What to do<\/a>/);
  assert.doesNotMatch(seen.text, /incidents\/[0-9A-Z]+\/take/);
  assert.equal((await support.fill('/alerts', `/incidents/${open.id}/take`, {})).status, 403);
  const operator = await loggedIn(running, 'operator');
  assert.match((await operator.get('/alerts')).text, new RegExp(`/incidents/${open.id}/take`));
  assert.equal((await operator.post(`/incidents/${open.id}/take`, {})).status, 409, 'with no token of the page');
  const taken = await operator.fill('/alerts', `/incidents/${open.id}/take`, {});
  assert.equal(taken.headers.get('location'), '/alerts?done=taken');
  assert.match((await support.get('/alerts')).text, /operator \(dashboard\)/);
  const again = await operator.fill('/alerts', `/incidents/${open.id}/take`, {});
  assert.equal(again.headers.get('location'), '/alerts?done=takenBefore');
  const audit = await running.store.db('audit').where({ what: 'acknowledge' }).select('who', 'subject');
  assert.deepEqual(audit, [{ who: 'operator (dashboard)', subject: 'webhooks_silent' }]);
});

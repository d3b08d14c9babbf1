import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/core/care/account.ts';
import type { DnsFinding } from '../../src/core/care/dns.ts';
import { dayOf } from '../../src/core/care/sendings.ts';
import { HOUR } from '../../src/core/time.ts';
import type { ListingBody } from '../../src/core/words/care.ts';
import { type CareKind, keepLook, type Look } from '../../src/store/care.ts';
import type { Store } from '../../src/store/db/open.ts';
import { transact } from '../../src/store/db/transact.ts';
import { addSendings } from '../../src/store/figures/sendings.ts';
import { withoutBrowser } from '../support/browser.ts';
import { looksWell } from './look.ts';
import { loggedIn, startDashboard } from './support.ts';

const wordsOf = (page: string): string => page.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

const finding = (more: Partial<DnsFinding>): DnsFinding => ({
  ...{ topic: 'SPF', about: 'mg.example.com', level: 'good', says: 'well', publish: [] },
  ...more,
});

const listing = (more: Partial<ListingBody>): ListingBody => ({
  ...{
    ip: '198.51.100.7',
    zone: 'bl.one.test',
    codes: [],
    why: null,
    removal: null,
    weight: 'high',
    mails: 1,
    cost: null,
  },
  ...more,
});

const keep = <Body extends object>(store: Store, kind: CareKind, at: number, looks: readonly Look<Body>[]) =>
  keepLook(store, looks, {
    ...{ kind, at, firstIsNews: false },
    tell: () => ({ item_key: 'x', incident: 'ip_listed', kind: 'ip_listed', at, detail: null }),
  });

async function withLooks(store: Store, at: number): Promise<void> {
  const record = { name: 'mg.example.com', type: 'TXT', value: 'v=spf1 include:mailgun.org ~all' };
  const bad = finding({ level: 'bad', says: 'there is <b>none</b>', publish: [record] });
  await keep(store, 'dns', at, [
    { name: 'MX mg.example.com', state: 'good', verdict: 'well', body: finding({ topic: 'MX' }) },
    { name: 'SPF mg.example.com', state: 'bad', verdict: 'ill', body: bad },
  ]);
  const cost = { since: at - HOUR, refusals: 900, named: 2 };
  const listed = listing({ codes: ['127.0.0.2'], removal: 'https://bl.one.test/remove', cost });
  await keep(store, 'listing', at, [
    { name: 'a', state: 'listed', verdict: 'ill', body: listed },
    { name: 'b', state: 'blind', verdict: 'unsure', body: listing({ zone: 'bl.two.test', why: 'it was silent' }) },
  ]);
}

test('the page shows how records and addresses stood at the last look, worst first', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  assert.match((await ann.get('/reputation')).text, /Nothing was looked at in the last days/);
  await withLooks(running.store, running.clock());
  const page = await ann.get('/reputation');
  const words = wordsOf(page.text);
  assert.match(
    words,
    /SPF bad there is &lt;b&gt;none&lt;\/b&gt; mg\.example\.com TXT &quot;v=spf1 include:mailgun\.org ~all&quot; .*MX good/,
  );
  assert.match(
    words,
    /198\.51\.100\.7 bl\.one\.test listed now 2 of 900 refusals since .* named it Look 198\.51\.100\.7 up at bl\.one\.test/,
  );
  assert.match(words, /bl\.two\.test blind – it was silent/);
  assert.match(page.text, /href="https:\/\/bl\.one\.test\/remove"/);
});

test('the page looks well', { skip: withoutBrowser }, async (t) => {
  const running = await startDashboard(t);
  await withLooks(running.store, running.clock());
  await looksWell(t, running, 'support', ['/reputation']);
});

const GMAIL = {
  ...{ entity: 'Gmail', delivered: 900 },
  ...{ criticalBounces: 10, otherBounces: 0, criticalDelays: 0, otherDelays: 0 },
};

test('addresses and what Mailgun says of the account stand beside our own figures; what can not be read is said', async (t) => {
  const running = await startDashboard(t);
  const ann = await loggedIn(running, 'support');
  const at = running.clock();
  const day = dayOf(at);
  await transact(running.store, (tx) =>
    addSendings(tx, [[day, 'mailgun', '192.0.2.1', 'google', 90, 10, 0, 10, 5, 0]]),
  );
  const body: Account = {
    addresses: { ok: true, value: [{ ip: '192.0.2.1', dedicated: true, warmingUp: false }] },
    pools: { ok: true, value: [{ id: 'p', name: 'resets <i>', ips: ['192.0.2.1'] }] },
    warmups: { ok: false, why: 'Mailgun did not answer for the warm-ups: 403' },
    thresholds: { ok: true, value: [] },
    classified: { ok: true, value: [GMAIL] },
  };
  await keep(running.store, 'account', at, [{ name: 'mailgun', state: 'read', verdict: 'well', body }]);
  const words = wordsOf((await ann.get('/reputation')).text);
  assert.match(
    words,
    /192\.0\.2\.1 mailgun, dedicated \(resets &lt;i&gt;\) 100 tries, 90\.0 % delivered, 10\.0 % refused/,
  );
  assert.match(words, /could not be read: Mailgun did not answer for the warm-ups: 403/);
  assert.match(words, /Gmail: 900 delivered, .+ · ours: 100 tries/);
  assert.match(words, /A dedicated IP address: not enough figures/);
});

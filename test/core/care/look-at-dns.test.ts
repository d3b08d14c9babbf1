import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { DnsFinding, NeededRecord } from '../../../src/core/care/dns.ts';
import { type DnsCase, lookAtDns } from '../../../src/core/care/look-at-dns.ts';
import { senderOf } from '../../../src/core/care/senders.ts';
import { dnsOf } from './support.ts';

const DOMAIN = 'mg.example.com';
const keyText = (bits = 2048) => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return `k=rsa; p=${publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`;
};
const KEY = keyText();
const SPF = 'v=spf1 include:mailgun.org ~all';
const KEY_NAME = `mx._domainkey.${DOMAIN}`;

const NEEDED: NeededRecord[] = [
  { use: 'SPF', name: DOMAIN, type: 'TXT', value: SPF },
  { use: 'DKIM', name: KEY_NAME, type: 'TXT', value: KEY },
  { use: 'tracking', name: `email.${DOMAIN}`, type: 'CNAME', value: 'mailgun.org' },
  { use: 'MX', name: DOMAIN, type: 'MX', value: 'mxa.mailgun.org' },
];

const WELL: Parameters<typeof dnsOf>[0] = {
  [DOMAIN]: { txt: [SPF], mx: ['mxa.mailgun.org'] },
  'mailgun.org': { txt: ['v=spf1 ip4:192.0.2.0/24 -all'] },
  [KEY_NAME]: { txt: [KEY] },
  [`email.${DOMAIN}`]: { cname: 'mailgun.org' },
  '_dmarc.example.com': { txt: ['v=DMARC1; p=reject; rua=mailto:d@example.com'] },
};

const SENDING: DnsCase['sending'][number] = {
  ...{ domain: DOMAIN, needed: { kind: 'found', values: NEEDED }, tracks: true },
};

const CASE: DnsCase = {
  sending: [SENDING],
  authors: [{ author: DOMAIN, by: [DOMAIN] }],
  ...{ secondaries: [], bounceDomain: null, ips: [] },
};

const look = (names: Parameters<typeof dnsOf>[0], more: Partial<DnsCase> = {}): Promise<DnsFinding[]> =>
  lookAtDns({ ...CASE, ...more }, dnsOf({ ...WELL, ...names }));
const told = (findings: readonly DnsFinding[]) =>
  findings.map(({ level, topic, about }) => `${level} ${topic} ${about}`);
const of = (findings: readonly DnsFinding[], topic: string, about: string) =>
  findings.find((one) => one.topic === topic && one.about === about);

test('a domain that is set up rightly is good in each of its records', async () => {
  assert.deepEqual(told(await look({})), [
    `good SPF ${DOMAIN}`,
    `good DKIM ${KEY_NAME}`,
    `good MX ${DOMAIN}`,
    `good tracking email.${DOMAIN}`,
    `good DMARC ${DOMAIN}`,
    `good alignment ${DOMAIN} by mailgun (${DOMAIN})`,
  ]);
});

test('each record that is missing is told with the exact record to publish', async () => {
  const findings = await look({
    ...{ [DOMAIN]: {}, [KEY_NAME]: {}, [`email.${DOMAIN}`]: {}, '_dmarc.example.com': {} },
  });
  assert.deepEqual(
    findings
      .filter(({ level }) => level === 'bad')
      .map(({ topic, publish }) => [topic, publish[0]?.name, publish[0]?.value]),
    [
      ['SPF', DOMAIN, SPF],
      ['DKIM', KEY_NAME, KEY],
      ['MX', DOMAIN, '10 mxa.mailgun.org'],
      ['tracking', `email.${DOMAIN}`, 'mailgun.org'],
      ['DMARC', `_dmarc.${DOMAIN}`, `v=DMARC1; p=none; rua=mailto:dmarc@${DOMAIN}`],
    ],
  );
});

test('of what was not answered nothing is said to be missing', async () => {
  const findings = await look({
    ...{ [DOMAIN]: null, [KEY_NAME]: null, [`email.${DOMAIN}`]: null, '_dmarc.example.com': null },
  });
  assert.deepEqual(new Set(findings.map(({ level }) => level)), new Set(['unsure']));
  assert.deepEqual(
    findings.flatMap(({ publish }) => publish),
    [],
  );
});

test('a key that is another one, revoked, short or there twice is told as what it is', async () => {
  const says = async (...txt: string[]) => of(await look({ [KEY_NAME]: { txt } }), 'DKIM', KEY_NAME);
  assert.match((await says(keyText()))?.says ?? '', /not the one that mail is signed with/);
  assert.match((await says('v=DKIM1; p='))?.says ?? '', /revoked/);
  assert.match((await says(KEY, keyText()))?.says ?? '', /several keys/);
  assert.match((await says('v=spf1 -all'))?.says ?? '', /is no DKIM key/);
  const short = keyText(1024);
  const needed = NEEDED.map((one) => (one.use === 'DKIM' ? { ...one, value: short } : one));
  const findings = await look(
    { [KEY_NAME]: { txt: [short] } },
    { sending: [{ domain: DOMAIN, needed: { kind: 'found', values: needed }, tracks: false }] },
  );
  assert.deepEqual([of(findings, 'DKIM', KEY_NAME)?.level], ['note']);
});

test('a key that Mailgun keeps itself is compared by where its name leads', async () => {
  const name = `pdk1._domainkey.${DOMAIN}`;
  const needed: NeededRecord[] = [{ use: 'DKIM', name, type: 'CNAME', value: 'pdk1._domainkey.x.mgsend.net' }];
  const sending = [{ domain: DOMAIN, needed: { kind: 'found', values: needed } as const, tracks: false }];
  const level = async (cname?: string) =>
    of(await look({ [name]: { ...(cname ? { cname } : {}), txt: [KEY] } }, { sending }), 'DKIM', name)?.level;
  assert.deepEqual(
    [await level('pdk1._domainkey.x.mgsend.net'), await level('elsewhere.test'), await level()],
    ['good', 'bad', 'good'],
  );
});

test('an SPF record that only lacks the include is told with the include put in', async () => {
  const spf = of(
    await look({
      [DOMAIN]: { txt: ['v=spf1 a:x.example.com -all'], mx: ['mxa.mailgun.org'] },
      'x.example.com': { a: ['192.0.2.1'] },
    }),
    'SPF',
    DOMAIN,
  );
  assert.deepEqual([spf?.level, spf?.publish[0]?.value], ['bad', 'v=spf1 a:x.example.com include:mailgun.org -all']);
});

test('a tracking name that leads elsewhere costs mail only where opens or clicks are tracked', async () => {
  const level = async (tracks: boolean | null) =>
    of(
      await look({ [`email.${DOMAIN}`]: { cname: 'old.test' } }, { sending: [{ ...SENDING, tracks }] }),
      'tracking',
      `email.${DOMAIN}`,
    )?.level;
  assert.deepEqual([await level(true), await level(false), await level(null)], ['bad', 'note', 'note']);
});

test('a tracking name that has addresses in place of its alias leads somewhere', async () => {
  const tracking = async (given: Parameters<typeof dnsOf>[0][string]) =>
    of(await look({ [`email.${DOMAIN}`]: given }), 'tracking', `email.${DOMAIN}`);
  const flattened = await tracking({ a: ['192.0.2.80'] });
  assert.deepEqual([flattened?.level, flattened?.publish[0]?.type], ['note', 'CNAME']);
  assert.match(flattened?.says ?? '', /can not be told/);
  assert.equal((await tracking({}))?.level, 'bad');
});

test('a record of its own holds, however many stand above', async () => {
  const twice = ['v=DMARC1; p=none; rua=mailto:d@example.com', 'v=DMARC1; p=reject; rua=mailto:d@example.com'];
  const dmarc = async (own: string[]) =>
    of(await look({ [`_dmarc.${DOMAIN}`]: { txt: own }, '_dmarc.example.com': { txt: twice } }), 'DMARC', DOMAIN)
      ?.level;
  assert.deepEqual([await dmarc(twice.slice(1)), await dmarc([]), await dmarc(twice)], ['good', 'bad', 'bad']);
});

test('mail of the parent domain is aligned where that is not forbidden, and of another domain it is not', async () => {
  const align = async (author: string, record: string) =>
    of(
      await look(
        { '_dmarc.example.com': { txt: [record] }, '_dmarc.other.test': { txt: [record] } },
        { authors: [{ author, by: [DOMAIN] }] },
      ),
      'alignment',
      `${author} by mailgun (${DOMAIN})`,
    )?.level;
  const relaxed = 'v=DMARC1; p=reject; rua=mailto:d@example.com';
  assert.equal(await align('example.com', relaxed), 'good');
  assert.equal(await align('example.com', `${relaxed}; adkim=s; aspf=s`), 'bad');
  assert.equal(await align('other.test', relaxed), 'bad');
});

test('a secondary needs a key or an envelope of its own: without both its mail fails DMARC', async () => {
  const sendgrid = { secondaries: [senderOf('sendgrid')] };
  const without = await look({}, sendgrid);
  assert.deepEqual(told(without).slice(-2), [`bad DKIM ${DOMAIN} by sendgrid`, `bad alignment ${DOMAIN} by sendgrid`]);
  const signed = await look({ [`s2._domainkey.${DOMAIN}`]: { txt: [KEY] } }, sendgrid);
  assert.deepEqual(told(signed).slice(-2), [`good DKIM ${DOMAIN} by sendgrid`, `good alignment ${DOMAIN} by sendgrid`]);
  const unanswered = await look({ [`s1._domainkey.${DOMAIN}`]: null }, sendgrid);
  assert.deepEqual(told(unanswered).slice(-1), [`unsure DKIM ${DOMAIN} by sendgrid`]);
});

test('a server whose envelopes bear our domain has to be in its SPF record', async () => {
  const gmail = { secondaries: [senderOf('smtp-relay.gmail.com:587')], bounceDomain: 'bounces.example.com' };
  const about = 'bounces.example.com';
  const missing = of(await look({}, gmail), 'SPF', about);
  assert.deepEqual(
    [missing?.level, missing?.publish[0]],
    ['bad', { name: 'bounces.example.com', type: 'TXT', value: 'v=spf1 include:_spf.google.com ~all' }],
  );
  const found = await look(
    {
      'bounces.example.com': { txt: ['v=spf1 include:_spf.google.com -all'] },
      '_spf.google.com': { txt: ['v=spf1 ip4:192.0.2.1 -all'] },
    },
    gmail,
  );
  assert.equal(of(found, 'SPF', about)?.level, 'good');
  assert.equal(of(found, 'alignment', `${DOMAIN} by smtp-relay.gmail.com:587`)?.level, 'good');
});

test('what all who send with a domain want of its SPF record is told once, in one record', async () => {
  const gmail = { secondaries: [senderOf('smtp-relay.gmail.com:587'), senderOf('x.office365.com')] };
  const spfOf = async (txt: string[], more: Partial<DnsCase> = {}) =>
    (await look({ [DOMAIN]: { txt, mx: ['mxa.mailgun.org'] } }, { ...gmail, ...more }))
      .filter(({ topic }) => topic === 'SPF')
      .map(({ about, level, publish }) => [about, level, publish.map(({ value }) => value).join()]);
  const all = 'include:mailgun.org include:_spf.google.com include:spf.protection.outlook.com';
  assert.deepEqual(await spfOf([]), [[DOMAIN, 'bad', `v=spf1 ${all} ~all`]]);
  assert.deepEqual(await spfOf(['v=spf1 include:mailgun.org -all', 'v=spf1 ip4:192.0.2.1 ~all']), [
    [
      ...[DOMAIN, 'bad'],
      'v=spf1 include:mailgun.org ip4:192.0.2.1 include:_spf.google.com include:spf.protection.outlook.com -all',
    ],
  ]);
  const needed = { kind: 'unsure', why: 'Mailgun did not answer' } as const;
  assert.deepEqual(await spfOf([], { sending: [{ domain: DOMAIN, needed, tracks: null }] }), []);
});

test('of a server that nobody knows it is said which setting names its key', async () => {
  const note = of(await look({}, { secondaries: [senderOf('relay.test:25')] }), 'DKIM', `${DOMAIN} by relay.test:25`);
  assert.equal(note?.level, 'note');
  assert.match(note?.says ?? '', /DKIM_SELECTORS \(relay\.test:25=selector\)/);
  const own = await look(
    { [`mail._domainkey.${DOMAIN}`]: { txt: [KEY] } },
    { secondaries: [senderOf('relay.test:25', ['mail'])] },
  );
  assert.equal(of(own, 'DKIM', `${DOMAIN} by relay.test:25`)?.level, 'good');
});

test('an address needs a name that leads back to it', async () => {
  const ips = ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4', '2001:db8::1'];
  const findings = await look(
    {
      '192.0.2.1': { ptr: ['m1.test'] },
      'm1.test': { a: ['192.0.2.1'] },
      '192.0.2.2': { ptr: ['m2.test'] },
      'm2.test': { a: ['192.0.2.9'] },
      '192.0.2.4': null,
      '2001:db8::1': { ptr: ['m6.test'] },
      'm6.test': { a: ['2001:0db8:0000::0001'] },
    },
    { ips },
  );
  assert.deepEqual(
    ips.map((ip) => of(findings, 'reverse name', ip)?.level),
    ['good', 'bad', 'bad', 'unsure', 'good'],
  );
});

test('what Mailgun does not tell is unsure', async () => {
  const needed = { kind: 'unsure', why: 'Mailgun did not answer' } as const;
  const findings = await look({}, { sending: [{ domain: DOMAIN, needed, tracks: null }] });
  assert.deepEqual(told(findings)[0], `unsure DNS ${DOMAIN}`);
});

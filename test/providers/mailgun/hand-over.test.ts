import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { within } from '../../../src/base/deadline.ts';
import { startSimMailgun } from '../../../src/lab/sim/mailgun.ts';
import type { FormEntry } from '../../../src/mail/form.ts';
import { createMailgun } from '../../../src/providers/mailgun/provider.ts';
import type { Outgoing } from '../../../src/providers/provider.ts';
import { clockAt } from '../../support/clock.ts';

const DOMAIN = 'mg.example.com';
const ANN = 'ann@example.org';
const BOB = 'bob@example.net';
const CID = 'cid@example.com';

async function setup(t: TestContext) {
  const clock = clockAt();
  const sim = await startSimMailgun({ apiKey: 'key-test', signingKey: 'signing', domains: [DOMAIN], clock });
  t.after(sim.close);
  const provider = createMailgun({
    ...{ apiUrl: sim.url, apiKey: 'key-test', domains: [DOMAIN], signingKeys: ['signing'] },
    ...{ allowedHosts: [new URL(sim.url).host], records: 'auto', timeout: 10_000, now: clock, monotonic: clock },
  });
  t.after(provider.close);
  const mail = (form: readonly FormEntry[]): Outgoing => ({
    ...{
      messageId: '01MESSAGE',
      deliveryId: '01JD0000000000000000000000',
      attempt: 1,
      rfcMessageId: `m1@${DOMAIN}`,
      domain: DOMAIN,
      sender: `shop@${DOMAIN}`,
      recipient: ANN,
    },
    ...{ deliverAt: null, usefulUntil: null, content: { form } },
  });
  const send = async (form: readonly FormEntry[], to: readonly string[]) =>
    (await provider.handOverToAll?.(mail(form), to, within(10_000)))?.kind ?? null;
  return { sim, send, mail, provider };
}

const FORM: FormEntry[] = [
  ['from', `Shop <shop@${DOMAIN}>`],
  ['to', `Ann <${ANN}>, BOB@example.net`],
  ['cc', CID],
  ['subject', 'Hello'],
  ['text', 'Hi'],
  ['o:tag', 'one'],
  ['o:tag', 'two'],
];

test('to all its recipients a form goes as it was given, but for our two ids', async (t) => {
  const { sim, send } = await setup(t);
  assert.equal(await send(FORM, [CID, ANN, BOB]), 'accepted');
  const [{ path, fields } = assert.fail()] = sim.requests;
  assert.match(path, /\/messages$/);
  assert.deepEqual(fields, {
    from: [`Shop <shop@${DOMAIN}>`],
    to: [`Ann <${ANN}>, BOB@example.net`],
    cc: [CID],
    subject: ['Hello'],
    text: ['Hi'],
    'o:tag': ['one', 'two'],
    'v:homing-id': ['01MESSAGE'],
    'h:Message-Id': [`<m1@${DOMAIN}>`],
  });
});

test('to some of them one composed message goes that shows whom it was written to', async (t) => {
  const { sim, send } = await setup(t);
  assert.equal(await send([...FORM, ['bcc', 'dee@example.com']], [BOB, CID]), 'accepted');
  const [{ path, fields } = assert.fail()] = sim.requests;
  assert.match(path, /\/messages\.mime$/);
  assert.deepEqual([fields['to']?.join(), fields['o:tag']], [`${BOB},${CID}`, ['one', 'two']]);
  await sim.runDue();
  const raw = sim.inboxOf(BOB)[0]?.mime ?? '';
  assert.match(raw, /^To: Ann <ann@example\.org>, BOB@example\.net\r$/m);
  assert.match(raw, /^Cc: cid@example\.com\r$/m);
  assert.doesNotMatch(raw, /dee@/);
});

test('some of a batch go with their variables alone, and a template to some of several takes a call for each', async (t) => {
  const { sim, send } = await setup(t);
  const batch: FormEntry[] = [
    ['from', `Shop <shop@${DOMAIN}>`],
    ['to', `Ann <${ANN}>, ${BOB}, ${CID}`],
    ['subject', 'Hello'],
    ['text', 'Hi %recipient.name%'],
    ['recipient-variables', JSON.stringify({ [ANN]: { name: 'Ann' }, [BOB]: { name: 'Bob' }, [CID]: { name: 'Cid' } })],
  ];
  assert.equal(await send(batch, [ANN, CID]), 'accepted');
  const [sent] = sim.requests;
  assert.deepEqual(sent?.fields['to'], [`Ann <${ANN}>`, CID]);
  assert.deepEqual(JSON.parse(sent?.fields['recipient-variables']?.[0] ?? ''), {
    [ANN]: { name: 'Ann' },
    [CID]: { name: 'Cid' },
  });
  const template: FormEntry[] = [...FORM.filter(([name]) => name !== 'text'), ['template', 'welcome']];
  assert.equal(await send(template, [ANN, BOB]), null);
  assert.equal(sim.requests.length, 1, 'nothing was sent');
  assert.equal(await send(template, [ANN, BOB, CID]), 'accepted');
});

test('a ready message goes to them all, and what Mailgun keeps takes a call for each', async (t) => {
  const { sim, send, mail, provider } = await setup(t);
  const content = Buffer.from(`From: shop@${DOMAIN}\r\nTo: all@example.org\r\nSubject: x\r\n\r\nHi\r\n`);
  const ready: FormEntry[] = [
    ['to', `${ANN}, ${BOB}, ${CID}`],
    ['message', { filename: 'message.mime', type: 'message/rfc822', content }],
  ];
  assert.equal(await send(ready, [ANN, BOB]), 'accepted');
  assert.equal(sim.requests[0]?.fields['to']?.join(), `${ANN},${BOB}`);
  const stored = { ...mail([]), content: { storages: [], failures: 0 } };
  assert.equal(await provider.handOverToAll?.(stored, [ANN, BOB], within(10_000)), null);
});

test('beside a ready message goes what Mailgun takes there, and to some of a batch their variables alone', async (t) => {
  const { sim, send } = await setup(t);
  const content = Buffer.from(`From: shop@${DOMAIN}\r\nTo: %recipient%\r\nSubject: %recipient.n%\r\n\r\nHi\r\n`);
  const variables = `{"${ANN}":{"n":1.0},"${BOB}":{"n":"B"},"${CID}":{"n":"C"}}`;
  const ready: FormEntry[] = [
    ['to', `Ann <${ANN}>, ${BOB}, ${CID}`],
    ['recipient-variables', variables],
    ['template', 'welcome'],
    ['t:version', '2'],
    ['o:tag', 'one'],
    ['subject', 'of no use beside it'],
    ['message', { filename: 'message.mime', type: 'message/rfc822', content }],
  ];
  assert.equal(await send(ready, [ANN, BOB, CID]), 'accepted');
  assert.equal(await send(ready, [ANN, CID]), 'accepted');
  const beside = { template: ['welcome'], 't:version': ['2'], 'o:tag': ['one'], 'v:homing-id': ['01MESSAGE'] };
  const some = JSON.stringify({ [ANN]: { n: 1 }, [CID]: { n: 'C' } });
  assert.deepEqual(
    sim.requests.map(({ fields: { 'h:Message-Id': _, ...fields } }) => fields),
    [
      { to: [`Ann <${ANN}>`, BOB, CID], 'recipient-variables': [variables], ...beside },
      { to: [`Ann <${ANN}>`, CID], 'recipient-variables': [some], ...beside },
    ],
  );
});

test('a domain in letters that DNS does not know is written as DNS knows it', async (t) => {
  const { sim, send } = await setup(t);
  const form = FORM.map(
    ([name, value]): FormEntry => (name === 'to' ? ['to', 'ann@B\u00dcCHER.example'] : [name, value]),
  );
  const to = form.filter(([name]) => name !== 'cc');
  assert.equal(await send(to, ['ann@xn--bcher-kva.example']), 'accepted');
  assert.deepEqual(sim.requests[0]?.fields['to'], ['ann@xn--bcher-kva.example']);
});

test('variables that Mailgun would refuse do not go with a ready message that was taken with them', async (t) => {
  const { sim, send } = await setup(t);
  const message = { filename: 'message.mime', type: 'message/rfc822', content: Buffer.from('Subject: Hi\r\n\r\nHi') };
  for (const variables of ['', '[', '[]', `{"${ANN}":1}`])
    for (const to of [[ANN, BOB], [ANN]])
      await send(
        [
          ['to', `${ANN}, ${BOB}`],
          ['recipient-variables', variables],
          ['message', message],
        ],
        to,
      );
  assert.deepEqual(
    sim.requests.map(({ fields }) => fields['recipient-variables']),
    Array.from({ length: 8 }, () => undefined),
  );
});

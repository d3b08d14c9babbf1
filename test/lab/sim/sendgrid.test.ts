import assert from 'node:assert/strict';
import { createPublicKey, verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { HOUR, MINUTE } from '../../../src/core/time.ts';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import { startSimSendGrid } from '../../../src/lab/sim/sendgrid.ts';
import { clockAt } from '../../support/clock.ts';

const KEY = 'SG.key-of-the-simulator';
const MAIL = {
  personalizations: [{ to: [{ email: 'ann@example.net' }], custom_args: { ours: '1' } }],
  from: { email: 'shop@mg.example.com' },
  subject: 'Hi',
  content: [{ type: 'text/plain', value: 'Hi' }],
};

async function setup(t: TestContext) {
  const clock = clockAt();
  const sim = await startSimSendGrid({ apiKey: KEY, clock });
  t.after(sim.close);
  const send = (body: unknown, key = KEY) =>
    fetch(`${sim.url}/v3/mail/send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  return { clock, sim, send };
}

const [HI] = MAIL.content;
const [ANN] = MAIL.personalizations;
const REFUSED: [string, object][] = [
  ['no personalization', { personalizations: [] }],
  ['no recipient', { personalizations: [{ to: [] }] }],
  ['no address', { personalizations: [{ to: [{ email: 'ann' }] }] }],
  ['an argument that is no text', { personalizations: [{ ...ANN, custom_args: { n: 1 } }] }],
  ['no sender', { from: undefined }],
  ['no subject', { subject: '' }],
  ['no content', { content: [] }],
  ['an empty text', { content: [{ type: 'text/plain', value: '' }] }],
  ['a type with parameters', { content: [{ type: 'text/plain; charset=utf-8', value: 'x' }] }],
  ['HTML before the text', { content: [{ type: 'text/html', value: 'x' }, HI] }],
  ['a calendar before the text', { content: [{ type: 'text/calendar', value: 'x' }, HI] }],
  ['a file that is not base64', { attachments: [{ content: 'ä', filename: 'x' }] }],
  ['a header that is reserved', { headers: { Subject: 'x' } }],
];

test('a mail is taken with an id, and one that the documentation calls wrong is not', async (t) => {
  const { sim, send } = await setup(t);
  const taken = await send(MAIL);
  assert.deepEqual([taken.status, await taken.text()], [202, '']);
  assert.equal(taken.headers.get('x-message-id'), sim.mails[0]?.id);
  for (const [what, wrong] of REFUSED) {
    const refused = await send({ ...MAIL, ...wrong });
    assert.equal(refused.status, 400, what);
    assert.ok(((await refused.json()) as { errors: { message: string }[] }).errors[0]?.message, what);
  }
  assert.equal((await send(MAIL, 'SG.another')).status, 401);
  assert.equal(sim.mails.length, 1);
});

test('events are posted as a signed list, with our arguments among its own fields, until they are taken', async (t) => {
  const { clock, sim, send } = await setup(t);
  const posts: { raw: Buffer; headers: IncomingHttpHeaders }[] = [];
  let status = 503;
  const server = createServer(async (request, response) => {
    posts.push({ raw: await buffer(request), headers: request.headers });
    response.writeHead(status).end();
  });
  const { port, close } = await listenOnLoopback(server, 0);
  t.after(close);
  sim.hook.url = `http://127.0.0.1:${port}/`;
  await send(MAIL);
  clock.advance(MINUTE / 2);
  await sim.runDue();
  clock.advance(MINUTE / 2);
  await sim.runDue();
  assert.equal(posts.length, 1);
  status = 200;
  clock.advance(HOUR);
  await sim.runDue();
  assert.deepEqual(
    sim.hook.posts.map(({ attempt, answer }) => [attempt, answer]),
    [
      [1, 503],
      [2, 200],
    ],
  );
  const [, { raw, headers } = assert.fail()] = posts;
  assert.match(raw.toString(), /^\[\{.*\},\r\n\{.*\}\]\r\n$/);
  const events = JSON.parse(raw.toString()) as Record<string, unknown>[];
  assert.deepEqual(
    events.map(({ event, ours, email }) => [event, ours, email]),
    [
      ['processed', '1', 'ann@example.net'],
      ['delivered', '1', 'ann@example.net'],
    ],
  );
  const key = createPublicKey({ key: Buffer.from(sim.hook.publicKey, 'base64'), format: 'der', type: 'spki' });
  const text = Buffer.concat([Buffer.from(String(headers['x-twilio-email-event-webhook-timestamp'])), raw]);
  const signature = Buffer.from(String(headers['x-twilio-email-event-webhook-signature']), 'base64');
  assert.ok(verify('sha256', text, key, signature));
});

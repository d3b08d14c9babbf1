import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES } from '../../src/core/message-class.ts';
import { MINUTE, SECOND } from '../../src/core/time.ts';
import { rememberErased } from '../../src/store/erased.ts';
import { addSuppression } from '../../src/store/projections/suppressions.ts';
import { MORNING } from '../support/clock.ts';
import { bounce, claimed, failed, reported, seed, sent } from '../support/factory.ts';
import { gradeOf, sentencesOf } from '../support/grade.ts';
import { ask, get, post, type Reply, type Running, SENT, start } from './support.ts';

const ANNA = 'anna@example.com';
const PROVIDERS = ['mailgun', 'smtp.example:25'];

type Card = Record<string, unknown> & {
  canDo: { what: string; command: string | null; call: string | null; from?: string }[];
};

const support = (running: Running, recipient: string, more = ''): Promise<Reply> =>
  get(running, `/api/support?recipient=${encodeURIComponent(recipient)}${more}`);

const cardsIn = ({ body }: Reply): Card[] => body['mails'] as Card[];

test('says where the mail to one person stands, and what can be done', async (t) => {
  const running = await start(t, { providers: PROVIDERS });
  running.clock.set(MORNING + 3 * MINUTE);
  const blocked = failed(MORNING + MINUTE, 'retry', {
    bounce: bounce({ message: '550 5.7.1 blocked', reason: 'espblock' }),
  });
  const [view] = await seed(running.store, { recipients: [ANNA, 'bob@example.com'], facts: [...sent(), blocked] });
  const answer = await support(running, 'Anna <ANNA@Example.COM>');
  assert.equal(answer.status, 200);
  const [card, ...others] = cardsIn(answer);
  assert.deepEqual(others, []);
  assert.ok(card && view);
  const sentence =
    'Attempt 1 did not arrive: the receiving server blocks the sending IP address. Homing takes the next step at 2026-11-25 09:00:00 UTC.';
  assert.equal(answer.body['recipient'], 'ANNA@example.com');
  assert.deepEqual([answer.body['sentence'], card['sentence']], [sentence, sentence]);
  assert.deepEqual(card['lastAttempt'], {
    number: 1,
    at: '2026-11-25T09:00:00.000Z',
    outcome: 'failed',
    sentence: 'What went wrong: the receiving server blocks the sending IP address.',
    provider: 'mailgun',
  });
  assert.deepEqual(card['lastError'], {
    at: '2026-11-25T09:01:00.000Z',
    attempt: 1,
    reason: 'ip_block',
    sentence: 'What went wrong: the receiving server blocks the sending IP address.',
    reply: '550 5.7.1 blocked',
  });
  assert.deepEqual(card['nextRetry'], { at: '2026-11-25T09:00:00.000Z', by: 'homing', provider: 'mailgun' });
  assert.equal((card['traffic'] as { state: string }).state, 'delayed');
  assert.deepEqual(
    card.canDo.map(({ what }) => what),
    ['wait', 'cancel', 'resend'],
  );
  assert.equal(card.canDo[1]?.call, `POST /api/messages/${view.messageId}/cancel`);
  assert.equal(card.canDo[2]?.from, '2026-11-25T09:01:00.000Z');
  assert.doesNotMatch(JSON.stringify(answer.body), /bob/);
});

test('how mail flows is told with each card, and read once for all who ask within a moment', async (t) => {
  const running = await start(t, { providers: PROVIDERS });
  const [view] = await seed(running.store, { recipients: [ANNA] });
  let reads = 0;
  running.store.db.on('query', ({ sql }: { sql: string }) => {
    if (/from `due` where `priority` = \? and `at` <= /.test(sql)) reads++;
  });
  const states: unknown[] = [];
  for (let n = 0; n < 2; n++) {
    const { body } = await get(running, `/api/messages/${view?.messageId}`);
    const cards = (body['deliveries'] as { support: Card }[]).map((delivery) => delivery.support);
    for (const card of [...cards, ...cardsIn(await support(running, ANNA))])
      states.push((card['traffic'] as { state: string }).state);
  }
  assert.deepEqual([states, reads], [['on_time', 'on_time', 'on_time', 'on_time'], CLASSES.length]);
  running.clock.set(MORNING + 2 * SECOND);
  await support(running, ANNA);
  assert.equal(reads, 2 * CLASSES.length);
});

test('what is offered as a call can be called', async (t) => {
  const running = await start(t);
  await seed(running.store, { recipients: [ANNA] });
  await addSuppression(running.store, { address: ANNA, who: 'ops', reason: null }, MORNING);
  const [card] = cardsIn(await support(running, ANNA));
  assert.deepEqual(
    card?.canDo.map(({ what }) => what),
    ['unsuppress', 'wait', 'check_spam', 'cancel'],
  );
  for (const { call, body } of (card?.canDo ?? []) as { call: string | null; body?: object }[]) {
    if (call === null) continue;
    const [method = '', path = ''] = call.split(' ');
    const headers = { Authorization: 'Bearer token-of-the-test', 'Content-Type': 'application/json' };
    const { status } = await ask(running.url + path, {
      method,
      headers,
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    assert.equal(status, 200, call);
  }
  assert.deepEqual(cardsIn(await support(running, ANNA))[0]?.['state'], 'cancelled');
});

test('the newest come first, a page at a time, and each page says how many are behind it', async (t) => {
  const running = await start(t);
  for (let n = 1; n <= 5; n++) {
    const createdAt = MORNING + n * MINUTE;
    await seed(running.store, {
      messageId: `${n}@mg.example.com`,
      recipients: [ANNA],
      createdAt,
      subject: `mail ${n}`,
    });
  }
  const first = await support(running, ANNA, '&limit=2');
  assert.deepEqual([cardsIn(first).map(({ subject }) => subject), first.body['more']], [['mail 5', 'mail 4'], 3]);
  const second = await support(running, ANNA, `&limit=2&cursor=${first.body['next']}`);
  assert.deepEqual([cardsIn(second).map(({ subject }) => subject), second.body['more']], [['mail 3', 'mail 2'], 1]);
  const last = await support(running, ANNA, `&limit=2&cursor=${second.body['next']}`);
  assert.deepEqual([cardsIn(last).map(({ subject }) => subject), last.body['next']], [['mail 1'], null]);
});

test('of an address that nothing is recorded of it says what that proves and what not, and whom else it could be', async (t) => {
  const running = await start(t, { retentionDays: 90 });
  const none = await support(running, ANNA);
  assert.equal(none.body['sentence'], 'No mail to anna@example.com is on record.');
  assert.equal(none.body['recordedSince'], null);
  await seed(running.store, { recipients: ['anna@exmaple.com', 'anne@example.com', 'zoe@example.com'] });
  const { body } = await support(running, ANNA);
  assert.deepEqual(body['near'], ['anne@example.com', 'anna@exmaple.com']);
  assert.match(
    String(body['doesNotProve']),
    /^This does not prove that none was sent\. .* 2026-11-25 09:00:00 UTC .* 90 days\.$/,
  );
  await rememberErased(running.store, ANNA, MORNING);
  const erased = await support(running, ANNA);
  assert.match(String(erased.body['doesNotProve']), /^This person was erased on 2026-11-25 09:00:00 UTC: /);
});

test('an address on the list is told with the reply that put it there, and when it is right to take it off', async (t) => {
  const running = await start(t);
  await seed(running.store, {
    recipients: [ANNA],
    facts: [...sent(), reported('complained', MORNING + MINUTE, { suppress: 'complained' })],
  });
  const { body } = await support(running, ANNA);
  const { canDo, ...listed } = body['suppression'] as { canDo: { sentence: string; command: string }[]; cause: string };
  assert.equal(listed.cause, 'complained');
  assert.deepEqual(canDo[0] && [canDo[0].sentence, canDo[0].command], [
    'Take it off only if the person asks for mail again.',
    `homing suppressions remove ${ANNA}`,
  ]);
});

test('a question that is wrong is refused with all that is wrong with it', async (t) => {
  const running = await start(t);
  for (const [query, problem] of [
    ['', /recipient/],
    ['?recipient=nobody', /recipient must be an e-mail address/],
    ['?recipient=a@example.com,b@example.com', /recipient must be an e-mail address/],
    [`?recipient=${ANNA}&limit=51`, /limit must be a whole number from 1 to 50/],
    [`?recipient=${ANNA}&cursor=x`, /cursor must be/],
    [`?recipient=${ANNA}&colour=red`, /colour/],
  ] as const) {
    const { status, body } = await get(running, `/api/support${query}`);
    assert.equal(status, 400, query);
    assert.match(JSON.stringify(body['problems']), problem);
  }
  assert.equal((await ask(`${running.url}/api/support?recipient=${ANNA}`)).status, 401);
});

test('mail that was told of a moment ago is found', async (t) => {
  const running = await start(t);
  const { status } = await post(running, '/api/messages', [{ ...SENT, to: [ANNA] }]);
  assert.equal(status, 200);
  assert.equal(cardsIn(await support(running, ANNA))[0]?.['subject'], SENT.subject);
});

test('every sentence of an answer is read with eight years of school', async (t) => {
  const running = await start(t, { providers: PROVIDERS });
  const facts = [...sent(), failed(MORNING + MINUTE), claimed(2, MORNING + 2 * MINUTE)];
  await seed(running.store, { recipients: [ANNA], facts });
  const { body } = await support(running, ANNA);
  const told: string[] = [];
  JSON.stringify(body, (key, value) => {
    if (/sentence|doesNotProve/i.test(key) && typeof value === 'string') told.push(...sentencesOf(value));
    return value;
  });
  assert.ok(told.length > 8);
  assert.deepEqual(
    told.filter((sentence) => gradeOf(sentence) > 8),
    [],
  );
});

const exported = (running: Running, query: string) =>
  fetch(`${running.url}/api/support/export?recipient=${ANNA}${query}`, {
    headers: { Authorization: 'Bearer token-of-the-test' },
  });

test('everything that is kept of a person is answered as a file, as JSON or as a table', async (t) => {
  const running = await start(t);
  await seed(running.store, { recipients: [ANNA, 'bob@example.com'], subject: '=1+1' });
  const json = await exported(running, '');
  assert.match(json.headers.get('content-type') ?? '', /^application\/json/);
  assert.equal(json.headers.get('content-disposition'), 'attachment; filename="homing-export.json"');
  assert.equal(json.headers.get('cache-control'), 'no-store');
  const { records, complete, counts } = (await json.json()) as {
    records: { table: string }[];
    complete: boolean;
    counts: Record<string, number>;
  };
  assert.deepEqual([complete, counts['messages'], counts['deliveries'], counts['facts']], [true, 1, 1, 2]);
  assert.doesNotMatch(JSON.stringify(records), /bob/);
  const csv = await exported(running, '&format=csv');
  assert.match(csv.headers.get('content-type') ?? '', /^text\/csv/);
  const text = await csv.text();
  assert.match(text, /""subject"":""=1\+1""/);
  assert.match(text, /^"table","at","message","delivery","words","data"\r\n"messages",/);
  assert.equal((await exported(running, '&format=xml')).status, 400);
  assert.equal((await fetch(`${running.url}/api/support/export?recipient=${ANNA}`)).status, 401);
});

test('an export that can not be made to the end breaks off, and one that can not begin says why', async (t) => {
  const running = await start(t);
  await seed(running.store, { recipients: [ANNA] });
  await running.store.db.schema.dropTable('summaries');
  await assert.rejects(exported(running, '').then((answer) => answer.text()));
  await running.store.db.schema.dropTable('audit');
  assert.equal((await exported(running, '')).status, 503);
  assert.equal((await get(running, `/api/support?recipient=${ANNA}`)).status, 200, 'others are answered');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HOUR, MINUTE } from '../../src/core/time.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { DOMAIN, get, post, type Running, SENT, start } from './support.ts';

type Listed = { id: string; messageId: string; deliveries: Record<string, unknown>[] };
const listed = (body: Record<string, unknown>): Listed[] => body['messages'] as Listed[];

/** Five messages, a minute apart. */
async function five(running: Running): Promise<string[]> {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    const to = n % 2 === 0 ? ['ann@example.org'] : ['Bob@example.org', 'ann@example.org'];
    const sent = { ...SENT, messageId: `m${n}@${DOMAIN}`, to, class: n === 4 ? 'access' : 'notice' };
    const { body } = await post(running, '/api/messages', sent);
    ids.push(String(body['id']));
    running.clock.advance(MINUTE);
  }
  return ids;
}

test('a message is listed with exactly the fields of the contract', async (t) => {
  const running = await start(t);
  const { body } = await post(running, '/api/messages', SENT);
  const answer = (await get(running, '/api/messages')).body;
  assert.deepEqual(answer, {
    messages: [
      {
        id: body['id'],
        messageId: `one@${DOMAIN}`,
        domain: DOMAIN,
        from: 'Shop <shop@example.com>',
        subject: 'Your receipt',
        class: 'notice',
        createdAt: new Date(running.clock()).toISOString(),
        deliveries: [
          {
            recipient: 'ann@example.org',
            state: 'accepted',
            reason: null,
            attempt: 1,
            provider: 'mailgun',
            nextAttemptAt: null,
          },
        ],
      },
    ],
    next: null,
  });
});

test('pages follow one another, newest first, without gap or repeat', async (t) => {
  const running = await start(t);
  const ids = await five(running);
  const seen: string[] = [];
  let cursor: unknown = '';
  const sizes: number[] = [];
  while (cursor !== null) {
    const { status, body } = await get(running, `/api/messages?limit=2${cursor ? `&cursor=${String(cursor)}` : ''}`);
    assert.equal(status, 200);
    seen.push(...listed(body).map((m) => m.id));
    sizes.push(listed(body).length);
    cursor = body['next'];
  }
  assert.deepEqual(seen, [...ids].reverse());
  assert.deepEqual(sizes, [2, 2, 1]);
});

test('messages are found by recipient whatever the case, by state, class and time', async (t) => {
  const running = await start(t);
  const begin = running.clock();
  const ids = await five(running);
  const found = async (query: string) => listed((await get(running, `/api/messages?${query}`)).body).map((m) => m.id);
  assert.deepEqual(await found('recipient=BOB@example.org'), [ids[3], ids[1]]);
  assert.deepEqual(await found('class=access'), [ids[4]]);
  assert.deepEqual(await found('state=accepted&class=access'), [ids[4]]);
  assert.deepEqual(await found('state=failed'), []);
  assert.deepEqual(await found(`since=${begin + MINUTE}&until=${begin + 3 * MINUTE}`), [ids[2], ids[1]]);
  const iso = new Date(begin + 3 * MINUTE).toISOString();
  assert.deepEqual(await found(`since=${iso}`), [ids[4], ids[3]]);
  assert.deepEqual(
    await found(`until=${encodeURIComponent(new Date(begin + 1).toISOString().replace('Z', '+00:00'))}`),
    [ids[0]],
  );
  assert.deepEqual(await found('recipient=nobody@example.org'), []);
});

test('a question that makes no sense is 400 with every problem', async (t) => {
  const running = await start(t);
  const query = 'recipient=nobody&state=lost&class=urgent&since=yesterday&until=NaN&limit=-1&cursor=x&colour=blue';
  const { status, body } = await get(running, `/api/messages?${query}`);
  assert.equal(status, 400);
  const places = (body['problems'] as string[]).map((p) => p.split(' ')[0]).sort();
  assert.deepEqual(places, ['class', 'cursor', 'has', 'limit', 'recipient', 'since', 'state', 'until']);
  const wrong = [
    'limit=0',
    'limit=201',
    'limit=NaN',
    'limit=1e2',
    'limit=1.5',
    'limit=',
    'limit=1&limit=2',
    'state=',
    'state=failed&state=queued',
    'recipient=a@example.org&recipient=b@example.org',
    'recipient[]=a@example.org',
    'since=-1',
    'since=12:30',
    'since=2026-02-30',
    'since=99999999999999999',
    'cursor=../../etc/passwd',
  ];
  for (const one of wrong) assert.equal((await get(running, `/api/messages?${one}`)).status, 400, one);
});

test('one message comes with its explanation, attempts and facts in words', async (t) => {
  const running = await start(t);
  const begin = running.clock();
  const { body } = await post(running, '/api/messages', SENT);
  const found = await findMessage(running.store, String(body['id']));
  const ids = (found?.views ?? []).map((v) => v.id);
  const deliverAt = begin + HOUR;
  await change(running.store, ids, begin + MINUTE, () => [
    {
      key: 'claimed:2',
      at: begin + MINUTE,
      kind: 'claimed',
      attempt: 2,
      provider: 'mailgun',
      role: 'retry',
      way: 'stored',
      leaseUntil: begin + 2 * MINUTE,
      lease: 'A-LEASE-OF-OURS',
      since: begin,
      deliverAt,
      double: 'the attempt before it may have arrived',
    },
    { key: 'unanswered:2', at: begin + 2 * MINUTE, kind: 'unanswered', attempt: 2, detail: 'timed out' },
  ]);
  const answer = (await get(running, `/api/messages/${String(body['id'])}`)).body;
  const { deliveries, ...message } = answer;
  const [summary] = listed((await get(running, '/api/messages')).body);
  assert.deepEqual({ ...message, deliveries: [] }, { ...summary, deliveries: [] });
  const [delivery] = deliveries as Record<string, unknown>[];
  assert.equal(delivery?.['state'], 'unconfirmed');
  assert.match(String(delivery?.['explanation']), /^Attempt 2 got no answer/);
  const { attempts, facts } = delivery as { attempts: Record<string, unknown>[]; facts: Record<string, unknown>[] };
  const [first, second] = attempts;
  const iso = (at: number) => new Date(at).toISOString();
  assert.deepEqual(second, {
    number: 2,
    provider: 'mailgun',
    role: 'retry',
    way: 'stored',
    at: iso(begin + MINUTE),
    deliverAt: iso(deliverAt),
    outcome: 'unconfirmed',
    answer: { kind: 'unanswered', at: iso(begin + 2 * MINUTE), detail: 'timed out' },
    possibleDouble: 'the attempt before it may have arrived',
  });
  const answered = first?.['answer'] as Record<string, unknown> | undefined;
  assert.equal(answered?.['messageId'], `one@${DOMAIN}`);
  assert.deepEqual(
    facts.map((f) => [f['kind'], f['at']]),
    [
      ['claimed', iso(begin)],
      ['accepted', iso(begin)],
      ['claimed', iso(begin + MINUTE)],
      ['unanswered', iso(begin + 2 * MINUTE)],
    ],
  );
  assert.equal(facts[2]?.['deliverAt'], iso(deliverAt));
  assert.match(String(facts[3]?.['text']), /got no answer: timed out/);
  assert.doesNotMatch(JSON.stringify(answer), /A-LEASE-OF-OURS/);
});

test('a message is also found by its Message-Id, and an unknown one is 404', async (t) => {
  const running = await start(t);
  const { body } = await post(running, '/api/messages', SENT);
  const byName = await get(running, `/api/messages/${encodeURIComponent(`<one@${DOMAIN}>`)}`);
  assert.equal(byName.body['id'], body['id']);
  for (const id of ['nothing', '01ARZ3NDEKTSV4RRFFQ69G5FAV', '%00', '%ff', 'a%2Fb']) {
    assert.equal((await get(running, `/api/messages/${id}`)).status, 404, id);
  }
});

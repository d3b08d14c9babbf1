import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import type { SimMailgun } from '../../../src/lab/sim/mailgun.ts';
import type { Misbehaviour } from '../../../src/lab/sim/misbehave.ts';
import { DOMAIN, MAIL, send, startByHand } from './support.ts';

type Wire = {
  status: number;
  headers: Record<string, unknown>;
  body: Buffer;
  ended: 'whole' | 'cut' | 'timeout' | 'enough';
};

/** One send with plain node:http, which hides nothing; stops `patience` ms after the request or the header, or at 1 MB. */
const post = (sim: SimMailgun, patience = 10_000): Promise<Wire> =>
  new Promise((resolve) => {
    const wire: Wire = { status: 0, headers: {}, body: Buffer.alloc(0), ended: 'cut' };
    const form = new URLSearchParams(MAIL).toString();
    const request = httpRequest(`${sim.url}/v3/${DOMAIN}/messages`, {
      method: 'POST',
      agent: false,
      auth: 'api:key-test',
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': form.length },
    });
    const finish = (ended: Wire['ended']): void => {
      clearTimeout(timer);
      request.destroy();
      resolve({ ...wire, ended });
    };
    let timer = setTimeout(finish, patience, 'timeout');
    request.on('error', () => finish('cut'));
    request.on('response', (response) => {
      wire.status = response.statusCode ?? 0;
      wire.headers = response.headers;
      clearTimeout(timer);
      timer = setTimeout(finish, patience, 'timeout');
      response.on('data', (part: Buffer) => {
        wire.body = Buffer.concat([wire.body, part]);
        if (wire.body.length > 1_000_000) finish('enough');
      });
      response.on('error', () => finish('cut'));
      response.on('end', () => finish('whole'));
    });
    request.end(form);
  });

const isSend = (request: { path: string }): boolean => request.path.endsWith('/messages');

/** [how, status seen, how the answer ended, whether the mail was taken] */
const CASES: [Misbehaviour, number, Wire['ended'], boolean][] = [
  ['hang', 0, 'timeout', false],
  ['hangAfterWork', 0, 'timeout', true],
  ['dropBeforeWork', 0, 'cut', false],
  ['dropBeforeAnswer', 0, 'cut', true],
  ['dropMidAnswer', 200, 'cut', true],
  ['emptyBody', 200, 'whole', true],
  ['noId', 200, 'whole', true],
  ['truncated', 200, 'whole', true],
  ['drip', 200, 'timeout', true],
  [{ drip: 1 }, 200, 'whole', true],
  ['garbage', 200, 'whole', false],
  [{ like: 'garbage', work: true }, 200, 'whole', true],
  ['gzipBomb', 200, 'whole', false],
  ['hugeAnswer', 200, 'enough', false],
  [{ status: 503 }, 503, 'whole', false],
  [{ status: 500, work: true }, 500, 'whole', true],
  [{ redirect: 307, to: 'http://127.0.0.1:1/elsewhere' }, 307, 'whole', false],
  [{ latency: 20 }, 200, 'whole', true],
];
for (const [how, status, ended, taken] of CASES) {
  test(`${JSON.stringify(how)}: the caller sees ${status} and ${ended}, the mail is ${taken ? 'taken' : 'not taken'}`, async (t) => {
    const { sim } = await startByHand(t);
    sim.misbehave(isSend, how, 1);
    const wire = await post(sim, ended === 'timeout' ? 1500 : 10_000);
    assert.deepEqual([wire.status, wire.ended, sim.handovers.length], [status, ended, Number(taken)]);
    assert.equal(sim.requests.length, 1);
    // Once only: the next is answered well.
    assert.equal((await send(sim)).status, 200);
  });
}

test('what is wrong with each 200 is what its name says', async (t) => {
  const { sim } = await startByHand(t);
  const bodyOf = async (how: Misbehaviour): Promise<Wire> => {
    const stop = sim.misbehave(isSend, how);
    const wire = await post(sim);
    stop();
    return wire;
  };
  assert.equal((await bodyOf('emptyBody')).body.length, 0);
  assert.deepEqual(JSON.parse((await bodyOf('noId')).body.toString()), { message: 'Queued. Thank you.' });
  const truncated = await bodyOf('truncated');
  assert.match(truncated.body.toString(), /^\{"id":"</);
  assert.throws(() => JSON.parse(truncated.body.toString()), SyntaxError);
  assert.match((await bodyOf('garbage')).body.toString(), /^<!doctype html>/);
  const bomb = await bodyOf('gzipBomb');
  assert.equal(bomb.headers['content-encoding'], 'gzip');
  assert.ok(bomb.body.length < 100_000);
});

test('a status comes with the body and headers it was told', async (t) => {
  const { sim } = await startByHand(t);
  sim.misbehave(isSend, {
    status: 429,
    headers: { 'Retry-After': '120' },
    body: '{"message":"try again after 120 seconds"}',
  });
  const wire = await post(sim);
  assert.deepEqual(
    [wire.status, wire.headers['retry-after'], wire.body.toString()],
    [429, '120', '{"message":"try again after 120 seconds"}'],
  );
  sim.misbehave(() => true, { redirect: 301, to: 'http://elsewhere.example/' });
  assert.equal((await post(sim)).status, 429, 'the first rule that matches wins');
});

test('misbehaviour ends after so many times, or when it is told to', async (t) => {
  const { sim } = await startByHand(t);
  sim.misbehave(isSend, { status: 500 }, 2);
  const stop = sim.misbehave(isSend, { status: 501 });
  const statuses: number[] = [];
  for (let n = 0; n < 3; n++) statuses.push((await post(sim)).status);
  stop();
  statuses.push((await post(sim)).status);
  assert.deepEqual(statuses, [500, 500, 501, 200]);
  assert.deepEqual(
    sim.requests.map((request) => request.status),
    statuses,
  );
});

test('unplugged, connections are refused; plugged in again, all is as it was', async (t) => {
  const { sim } = await startByHand(t);
  await send(sim);
  await sim.unplug();
  assert.deepEqual([(await post(sim)).ended, (await post(sim)).status], ['cut', 0]);
  await sim.runDue();
  assert.equal(sim.copies('ann@example.net'), 1);
  await sim.plug();
  assert.equal((await send(sim)).status, 200);
  assert.equal(sim.handovers.length, 2);
});

test('closing ends hanging and dripping connections', async (t) => {
  const { sim } = await startByHand(t);
  sim.misbehave(isSend, 'hang', 1);
  sim.misbehave(isSend, { drip: 60_000 }, 1);
  sim.misbehave(isSend, { latency: 60_000 }, 1);
  const waiting = [post(sim), post(sim), post(sim)];
  while (sim.requests.length < 3) await new Promise((resolve) => setImmediate(resolve));
  await sim.close();
  assert.deepEqual(
    (await Promise.all(waiting)).map((wire) => wire.ended),
    ['cut', 'cut', 'cut'],
  );
});

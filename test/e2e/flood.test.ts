import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import type { Ms } from '../../src/core/time.ts';
import { detail, send, until } from '../../src/lab/campaign/application.ts';
import { createWorld, DOMAIN, SIGNING_KEY, type World } from '../../src/lab/campaign/world.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { signedBody } from '../../src/lab/sim/webhooks.ts';

/** Posts openings of a newsletter that nobody recorded, eight at a time, until it is told to stop; says how they were answered. */
async function flood(world: World, stop: AbortSignal): Promise<Map<number | undefined, number>> {
  const agent = new Agent({ keepAlive: true });
  const answers = new Map<number | undefined, number>();
  const post = (at: Ms) =>
    new Promise<void>((resolve, reject) => {
      const event = {
        ...{ event: 'opened', id: randomUUID(), timestamp: at / 1000, recipient: 'reader@far.example' },
        ...{ domain: { name: DOMAIN }, message: { headers: { 'message-id': `news@${DOMAIN}` } } },
      };
      const headers = { 'content-type': 'application/json' };
      const call = request(`${world.front.url}/webhooks/mailgun`, { method: 'POST', agent, headers }, (response) => {
        answers.set(response.statusCode, (answers.get(response.statusCode) ?? 0) + 1);
        response.resume().on('end', resolve);
      });
      call.on('error', reject).end(signedBody(SIGNING_KEY, event, at));
    });
  const worker = async () => {
    while (!stop.aborted) await post(Date.now());
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  agent.destroy();
  return answers;
}

test('while webhooks come in without a pause, what is due is sent all the same', async (t) => {
  const world = await createWorld();
  t.after(world.close);
  await world.start();
  world.sim.fate('bela@there.example', [BLOCKED_IP, 'deliver']);
  const stop = new AbortController();
  const flooded = flood(world, stop.signal);
  t.after(() => stop.abort());
  const { id } = await send(world, { recipient: 'bela@there.example' });
  await until('the second try to arrive', async () => {
    const delivery = (await detail(world.front.url, id)).deliveries[0];
    return delivery?.state === 'delivered' && delivery.attempt === 2;
  });
  stop.abort();
  const answers = await flooded;
  assert.deepEqual([...answers.keys()], [200]);
  t.diagnostic(`${answers.get(200)} webhooks meanwhile`);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { digest } from '../../src/inbox/digest.ts';
import { BLOCKED_IP } from '../../src/lab/sim/fates.ts';
import { signedBody } from '../../src/lab/sim/webhooks.ts';
import { reconcileDue } from '../../src/reconcile/reconcile.ts';
import { DOMAIN, type Homing, SIGNING_KEY, startByHand } from '../support/homing.ts';

const firstView = async (homing: Homing, id: string) => {
  const [view] = await homing.views(id);
  assert.ok(view);
  return view;
};

/** What Mailgun says when a message that it first gave up arrived after all. */
async function tellDelivered(homing: Homing, id: string): Promise<number> {
  const { recipient, rfcMessageId } = await firstView(homing, id);
  const at = homing.clock();
  const event = {
    ...{ event: 'delivered', id: randomUUID(), timestamp: at / 1000, recipient, domain: { name: DOMAIN } },
    ...{ message: { headers: { 'message-id': rfcMessageId } }, 'user-variables': { 'homing-id': id } },
  };
  const headers = { 'content-type': 'application/json' };
  const body = signedBody(SIGNING_KEY, event, at);
  return (await fetch(`${homing.url}/webhooks/mailgun`, { method: 'POST', headers, body })).status;
}

test('news that come in while another delivery is asked about stop a hand-over', async (t) => {
  const homing = await startByHand(t, { env: { RETRY_SCHEDULE: 'local' } });
  const { clock, sim, steps } = homing;
  sim.fate('ann@there.example', [BLOCKED_IP, 'deliver']);
  const ann = await homing.send('ann@there.example');
  await homing.settle();
  clock.advance(2000);
  await homing.settle();
  const due = (await firstView(homing, ann)).delivery.nextAt ?? 0;
  clock.set(due - 60_000);
  await homing.send('bee@there.example', { record: 'lost' });
  clock.set(due + 1);
  await reconcileDue(steps.reconcile);
  await digest(steps.digest);
  // Asking takes two seconds, in which a webhook comes in.
  const { history } = steps.reconcile;
  let answered = 0;
  const about: typeof history.about = async (...question) => {
    if (answered === 0) {
      clock.advance(2000);
      answered = await tellDelivered(homing, ann);
    }
    return history.about(...question);
  };
  await reconcileDue({ ...steps.reconcile, history: { ...history, about } });
  assert.equal(answered, 200);
  await digest(steps.digest);
  await homing.settle();
  const { delivery } = await firstView(homing, ann);
  assert.deepEqual([delivery.state, delivery.attempt, delivery.arrivedOn], ['delivered', 1, [1]]);
});

// A webhook of Mailgun as a test wants it: genuine, and about a message that it names.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { signedBody } from '../../src/lab/sim/webhooks.ts';
import { DOMAIN, type Homing, SIGNING_KEY } from './homing.ts';

/** Tells what became of the first delivery of a message, under its own Message-Id unless another is given. */
export async function tell(homing: Homing, id: string, event: string, messageId?: string): Promise<void> {
  const [view] = await homing.views(id);
  assert.ok(view);
  const at = homing.clock();
  const body = signedBody(
    SIGNING_KEY,
    {
      ...{ event, id: randomUUID(), timestamp: at / 1000, recipient: view.recipient, domain: { name: DOMAIN } },
      message: { headers: { 'message-id': messageId ?? view.rfcMessageId } },
      'user-variables': { 'homing-id': id },
    },
    at,
  );
  const headers = { 'content-type': 'application/json' };
  const { status } = await fetch(`${homing.url}/webhooks/mailgun`, { method: 'POST', headers, body });
  assert.equal(status, 200);
}

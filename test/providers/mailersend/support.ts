import type { TestContext } from 'node:test';
import { SECOND } from '../../../src/core/time.ts';
import { startSimMailersend } from '../../../src/lab/sim/mailersend.ts';
import type { SimMailersendOptions } from '../../../src/lab/sim/mailersend-world.ts';
import { createMailersend } from '../../../src/providers/mailersend/provider.ts';
import type { Outgoing } from '../../../src/providers/provider.ts';
import { clockAt } from '../../support/clock.ts';

export const DOMAIN = 'mg.example.com';
export const SECRET = 'PnzMUKGNoNUPwuHj4yythmoI7h6teiC2';
export const TOKEN = 'mlsn.of/a+test&token=1';
export const RECIPIENT = 'ann@example.net';

export async function start(t: TestContext, options: Partial<SimMailersendOptions> = {}, more = '') {
  const clock = clockAt();
  const sim = await startSimMailersend({ token: TOKEN, secret: SECRET, domains: [DOMAIN], clock, ...options });
  const provider = createMailersend(sim.secondary + more, { lease: 60 * SECOND, now: clock });
  t.after(async () => {
    await sim.close();
    await provider.close();
  });
  return { sim, provider, clock };
}

export const mailOf = (mime: string): Outgoing => ({
  messageId: '01MESSAGE',
  deliveryId: '01JD0000000000000000000000',
  attempt: 1,
  rfcMessageId: `m1@${DOMAIN}`,
  domain: DOMAIN,
  sender: `shop@${DOMAIN}`,
  recipient: RECIPIENT,
  deliverAt: null,
  usefulUntil: null,
  content: { mime: Buffer.from(mime.replaceAll('\n', '\r\n')) },
});

export const PLAIN = `From: Shop <shop@${DOMAIN}>\nTo: Ann <${RECIPIENT}>\nSubject: Hi\nMessage-Id: <m1@${DOMAIN}>\n\nHi\n`;

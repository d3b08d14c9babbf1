// The limit that hand-overs are compared with: the same client that a daemon hands mail over with posts as many of the same
// forms, as many at once, and knows no database. A process of its own; ends when all are taken.
//   bare.ts <API url> <API key> <count>
import { within } from '../../src/base/deadline.ts';
import { createMailgun } from '../../src/providers/mailgun/provider.ts';
import { DOMAIN } from '../bench/daemon.ts';
import { smallMail } from '../bench/postings.ts';

const [apiUrl = '', apiKey = '', count] = process.argv.slice(2);
const TIMEOUT = 24_000;
const mailgun = createMailgun({
  ...{ apiUrl, apiKey, domains: [DOMAIN], signingKeys: [], allowedHosts: [new URL(apiUrl).host] },
  ...{ records: 'auto', timeout: TIMEOUT, now: Date.now, monotonic: () => performance.now() },
});

async function handOver(n: number): Promise<void> {
  const form = smallMail(n);
  const recipient = form.find(([name]) => name === 'to')?.[1] ?? '';
  const id = `bare-${process.pid}-${n}`;
  const mail = {
    messageId: id,
    deliveryId: id,
    attempt: 1,
    rfcMessageId: `${id}@${DOMAIN}`,
    domain: DOMAIN,
    sender: 'team',
    recipient,
  };
  const answer = await mailgun.handOver(
    { ...mail, deliverAt: null, usefulUntil: null, content: { form } },
    within(TIMEOUT),
  );
  if (answer.kind !== 'accepted') throw new Error(`${answer.kind}: ${answer.detail}`);
}

const rest = Array.from({ length: Number(count) }, (_, n) => n).values();
const one = async () => {
  for (const n of rest) await handOver(n);
};
await Promise.all(Array.from({ length: mailgun.slots }, one));
await mailgun.close();

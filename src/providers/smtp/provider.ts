import type { Ms } from '../../core/time.ts';
import { cleanForRelay, senderOf } from '../../mail/headers.ts';
import type { Outgoing, Provider } from '../provider.ts';
import { createRelay, type Relay } from './relay.ts';
import { type BounceSettings, createReturnPath, envelopeIdOf, type ReturnPath } from './return-path.ts';

/** Hand-overs at once, each on a connection of its own. */
const SLOTS = 4;

/**
 * An SMTP server. It takes a mail or does not. With a domain for bounces it is also heard what comes back, which is no
 * tracking: of mail that arrives it tells nothing. A hand-over has three quarters of a lease.
 */
export function createSmtp(url: string, { lease, bounces }: { lease: Ms; bounces?: BounceSettings | null }): Provider {
  const share = Math.floor(lease / 4);
  const relay = createRelay(url, { timeout: share, dataTimeout: 2 * share, connections: 2 * SLOTS });
  const returnPath = bounces ? createReturnPath(bounces, relay.name) : null;
  return {
    name: relay.name,
    can: { track: false, lookUp: false, storeCopy: false, schedule: false, forms: false },
    slots: SLOTS,
    handOver: (mail, until) => handOver(relay, returnPath, mail, until.signal),
    verify: relay.verify,
    close: relay.close,
  };
}

async function handOver(relay: Relay, returnPath: ReturnPath | null, mail: Outgoing, signal: AbortSignal) {
  const { content, recipient: to, sender } = mail;
  if (!('mime' in content))
    return { kind: 'refused', why: 'invalid', detail: 'only a ready message can be relayed' } as const;
  const mime = cleanForRelay(content.mime);
  if (!returnPath) return relay.send({ envelopeFrom: senderOf(mime) ?? sender, to, mime }, signal);
  const messageId = envelopeIdOf(mail);
  const answer = await relay.send(
    { envelopeFrom: returnPath.addressOf(mail), to, mime, envelopeId: messageId },
    signal,
  );
  return answer.kind === 'accepted' ? { ...answer, messageId } : answer;
}

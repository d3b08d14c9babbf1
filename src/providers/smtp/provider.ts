import type { Ms } from '../../core/time.ts';
import { cleanForRelay, senderOf } from '../../mail/headers.ts';
import type { Outgoing, Provider } from '../provider.ts';
import { createRelay, type Relay } from './relay.ts';
import { type BounceSettings, createReturnPath, envelopeIdOf, type ReturnPath } from './return-path.ts';
import { openReturned, reopen } from './webhook.ts';

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
    ...(returnPath ? waysBack(returnPath, relay.name) : {}),
    verify: relay.verify,
    close: relay.close,
  };
}

const waysBack = (returnPath: ReturnPath, name: string) =>
  ({
    webhook: {
      path: '/webhooks/bounces',
      bodyIsUnsigned: true,
      open: ({ raw, headers }) => openReturned(raw, headers, returnPath, name),
    },
    takesBack: (address) => returnPath.read(address) !== null,
    read: reopen,
  }) satisfies Partial<Provider>;

async function handOver(relay: Relay, returnPath: ReturnPath | null, mail: Outgoing, signal: AbortSignal) {
  const { content, recipient: to, sender } = mail;
  if (!('mime' in content))
    return { kind: 'refused', why: 'invalid', detail: 'only a ready message can be relayed' } as const;
  const mime = cleanForRelay(content.mime);
  if (!returnPath) return relay.send({ envelopeFrom: senderOf(mime) ?? sender, to, mime }, signal);
  const envelope = { envelopeFrom: returnPath.addressOf(mail), envelopeId: envelopeIdOf(mail) };
  return relay.send({ ...envelope, to, mime }, signal);
}

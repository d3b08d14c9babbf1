import type { Ms } from '../../core/time.ts';
import { cleanForRelay, senderOf } from '../../mail/headers.ts';
import type { Provider } from '../provider.ts';
import { createRelay } from './relay.ts';

/** Hand-overs at once, each on a connection of its own. */
const SLOTS = 4;

/** An SMTP server. It takes a mail or does not, and tells nothing more. A hand-over has three quarters of a lease. */
export function createSmtp(url: string, { lease }: { lease: Ms }): Provider {
  const share = Math.floor(lease / 4);
  const relay = createRelay(url, { timeout: share, dataTimeout: 2 * share, connections: 2 * SLOTS });
  return {
    name: relay.name,
    can: { track: false, lookUp: false, storeCopy: false, schedule: false, forms: false },
    slots: SLOTS,
    async handOver({ content, recipient, sender }, until) {
      if (!('mime' in content))
        return { kind: 'refused', why: 'invalid', detail: 'only a ready message can be relayed' };
      const mime = cleanForRelay(content.mime);
      return relay.send({ envelopeFrom: senderOf(mime) ?? sender, to: recipient, mime }, until.signal);
    },
    verify: relay.verify,
    close: relay.close,
  };
}

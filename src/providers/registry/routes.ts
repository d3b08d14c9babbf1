import { unseal } from '../../base/seal.ts';
import { composeMime } from '../../mail/compose.ts';
import { fileIn, unpackForm } from '../../mail/form.ts';
import { cleanForRelay, senderOf } from '../../mail/headers.ts';
import type { View } from '../../store/rows/rows.ts';
import type { Port } from '../mailgun/port.ts';
import { sendCopy } from '../mailgun/send-copy.ts';
import { storageTargets } from '../mailgun/storage.ts';
import type { Fetched, Routes } from '../provider.ts';
import type { Relays } from '../smtp/relays.ts';

export type RouteDeps = {
  port: Port;
  relays: Relays | null;
  apiUrl: string;
  storageHosts: readonly string[];
  encryptionKey: string | null;
};

/** The routes by which mail leaves, over Mailgun's API and the secondary SMTP servers. */
export function createRoutes(deps: RouteDeps): Routes {
  const { port, relays } = deps;
  return {
    async repost(view, deliverAt) {
      const { targets, problem } = targetsOf(deps, view);
      if (targets.length === 0) return { kind: 'refused', why: whyNone(view), detail: problem };
      return port.repost(targets, { to: view.recipient, deliverAt });
    },
    send: (view, copy, deliverAt) => sendCopy(port, view, copy, deliverAt),
    async relay(view, mime) {
      const clean = cleanForRelay(mime);
      const routed = await relays?.send({
        envelopeFrom: senderOf(clean) ?? view.sender,
        to: view.recipient,
        mime: clean,
      });
      if (!routed)
        return {
          answer: { kind: 'refused', why: 'account', detail: 'no secondary is configured' },
          via: 'secondary',
          passedOver: [],
        };
      return { answer: routed.answer, via: routed.via ?? 'secondary', passedOver: routed.passedOver.map((p) => p.via) };
    },
    async fetchMime(view): Promise<Fetched> {
      const { targets, problem } = targetsOf(deps, view);
      if (targets.length === 0) return { kind: whyNone(view), detail: problem };
      return port.fetchMime(targets);
    },
    open(sealed, messageId) {
      if (!deps.encryptionKey) throw new Error('ENCRYPTION_KEY is not set, so the sealed copy can not be opened');
      const bytes = unseal(sealed, deps.encryptionKey, messageId);
      const form = unpackForm(bytes);
      return form ? { form } : { mime: bytes };
    },
    async compose(view, form) {
      const message = fileIn(form, 'message');
      return message ? message.content : composeMime(form, view.recipient, view.rfcMessageId);
    },
  };
}

/** With a URL at hand, it is our own check that leaves nothing of it. */
const whyNone = (view: View): 'gone' | 'storage_refused' =>
  view.delivery.storages.length === 0 ? 'gone' : 'storage_refused';

/** Mailgun itself tells of one or two. */
const MOST_STORAGES = 3;

/** Where the stored copy may be asked for: only at hosts that we allow, only under a message path of this domain. */
function targetsOf({ apiUrl, storageHosts }: RouteDeps, view: View): { targets: string[]; problem: string } {
  const targets: string[] = [];
  let problem = 'no event told where the message is stored';
  let usable = 0;
  for (const storage of view.delivery.storages) {
    const found = storageTargets({
      url: storage.url,
      key: storage.key,
      domain: view.domain,
      apiUrl,
      allowedHosts: storageHosts,
    });
    targets.push(...found.targets.filter((t) => !targets.includes(t)));
    problem = found.problem ?? problem;
    // Those that are refused do not count, or forged events could push out the true one.
    if (found.targets.length > 0 && ++usable === MOST_STORAGES) break;
  }
  return { targets, problem };
}

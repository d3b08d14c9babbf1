import type { Arrival, Sent } from '../judge/seen.ts';
import type { Cast } from './cast.ts';
import { canonicalId, messageIdIn } from './message-id.ts';

/** Every copy of these mails. In test mode nobody gets one: there the provider's own answer counts. */
export function arrivalsOf(cast: Cast, sent: readonly Sent[]): Arrival[] {
  const ids = new Set(sent.map(({ messageId }) => messageId));
  const all = [...byMailgun(cast, sent), ...bySecondary(cast)];
  return all.filter(({ messageId }) => ids.has(messageId)).sort((a, b) => a.at - b.at);
}

function byMailgun({ sim, proxy }: Cast, sent: readonly Sent[]): Arrival[] {
  const copies = sim ? [...new Set(sent.map(({ to }) => to))].flatMap(sim.inboxOf) : proxy.handOvers;
  return copies.map(({ messageId, at }) => ({ messageId: canonicalId(messageId), at, by: 'mailgun' }));
}

const bySecondary = ({ sink }: Cast): Arrival[] =>
  sink.mails.map(({ raw, at }) => ({ messageId: messageIdIn(raw), at, by: 'secondary' }));

export const swallowedBy = ({ proxy }: Cast): Set<string> => new Set(proxy.swallowed.map(({ messageId }) => messageId));

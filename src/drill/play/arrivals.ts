import type { SunkMail } from '../../lab/sim/sink.ts';
import { messageIdOf } from '../../mail/headers.ts';
import { readMessageId } from '../../mail/message-id.ts';
import type { Arrival, Sent } from '../judge/seen.ts';
import type { Cast } from './cast.ts';

/** Every copy of these mails. In test mode nobody gets one: there the provider's own answer counts. */
export function arrivalsOf(cast: Cast, sent: readonly Sent[]): Arrival[] {
  const ids = new Set(sent.map(({ messageId }) => messageId));
  const all = [...byMailgun(cast), ...bySecondary(cast)];
  return all.filter(({ messageId }) => ids.has(messageId)).sort((a, b) => a.at - b.at);
}

const byMailgun = ({ sim, proxy }: Cast): Arrival[] =>
  (sim?.inboxes ?? proxy.handOvers).flatMap(({ messageId, at }) => arrival(readMessageId(messageId), at, 'mailgun'));

const bySecondary = ({ sink }: Cast): Arrival[] =>
  sink.mails.flatMap((mail) => arrival(sunkIdOf(mail), mail.at, 'secondary'));

const arrival = (messageId: string | null, at: number, by: Arrival['by']): Arrival[] =>
  messageId === null ? [] : [{ messageId, at, by }];

const sunkIds = new WeakMap<SunkMail, string | null>();

/** It is asked for again and again, and read once. */
function sunkIdOf(mail: SunkMail): string | null {
  const known = sunkIds.get(mail);
  if (known !== undefined) return known;
  const id = messageIdOf(Buffer.from(mail.raw));
  sunkIds.set(mail, id);
  return id;
}

export const swallowedBy = ({ proxy }: Cast): Set<string> => new Set(proxy.swallowed.map(({ messageId }) => messageId));

import { domainOf, maskAddress } from '../../core/address.ts';
import type { Clock, Ms } from '../../core/time.ts';
import { createMailer } from '../../providers/smtp/post.ts';
import type { Relay } from '../../providers/smtp/relay.ts';
import type { AlertChannel, LetterChannel } from './channel.ts';

/** Whom alerts are mailed to at a time. */
export type OnCall = { onCall(at: Ms): readonly string[] };

/**
 * Alerts as plain-text mail through one relay, to each of those who are on call; of what they were told the end as well, when
 * others are.
 */
export function mailChannel(relay: Relay, from: string, { onCall, now }: OnCall & { now: Clock }): AlertChannel {
  const mailer = createMailer(relay, from);
  return {
    name: relay.name,
    async send({ id, subject, body, createdAt, link, toldAt }) {
      const messageId = messageIdFor(id, from);
      const text = link === null ? body : `${body}\nTo take it, so that nobody else is told: ${link}\n`;
      const to = [...new Set((toldAt.length > 0 ? toldAt : [now()]).flatMap(onCall))];
      if (to.length === 0) throw new Error('nobody is on call, and ADMIN_EMAILS is not set');
      const posted = await mailer.post({ to, subject, text, messageId, date: createdAt });
      const problems = posted.flatMap(({ to: address, answer }) =>
        answer.kind === 'accepted' ? [] : [`${maskAddress(address)}: ${answer.detail}`],
      );
      // If one administrator got it, it counts as sent: trying again for the others would send it to that one twice.
      if (problems.length === posted.length) throw new Error(problems.join('; '));
      return problems;
    },
  };
}

/** Summaries through one relay, to one administrator at a time. */
export function letterChannel(relay: Relay, from: string): LetterChannel {
  const mailer = createMailer(relay, from);
  return {
    name: relay.name,
    async post({ to, id, pictures, ...letter }) {
      const shown = pictures.map(({ cid, png }) => ({ cid, png: Buffer.from(png, 'base64') }));
      const messageId = messageIdFor(id, from);
      const [posted] = await mailer.post({ ...letter, to: [to], pictures: shown, messageId });
      if (posted?.answer.kind !== 'accepted') throw new Error(posted?.answer.detail ?? 'it was not posted');
    },
  };
}

/** The same id on each try, so that a letter that was sent twice is shown once. */
const messageIdFor = (id: string, from: string): string => `${id}@${domainOf(addressIn(from)) || 'homing'}`;

const addressIn = (from: string): string => /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from;

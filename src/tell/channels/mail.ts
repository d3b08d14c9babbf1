import { domainOf, maskAddress } from '../../core/address.ts';
import { createMailer } from '../../providers/smtp/post.ts';
import type { Relay } from '../../providers/smtp/relay.ts';
import type { AlertChannel, LetterChannel } from './channel.ts';

/** Alerts as plain-text mail through one relay, to each of those who are to hear of them at that moment. */
export function mailChannel(relay: Relay, from: string, toTell: () => readonly string[]): AlertChannel {
  const mailer = createMailer(relay, from);
  return {
    name: relay.name,
    async send({ id, subject, body, createdAt, link }) {
      const messageId = messageIdFor(id, from);
      const text = link === null ? body : `${body}\nTo take it, so that nobody else is told: ${link}\n`;
      const posted = await mailer.post({ to: toTell(), subject, text, messageId, date: createdAt });
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

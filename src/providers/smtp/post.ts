import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import { canonicalAddress, maskAddress } from '../../core/address.ts';
import type { Answer } from '../../core/answer.ts';
import { safeLine, shortened } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import type { Relay } from './relay.ts';

export type Letter = {
  /** `alerts@example.com` or `Homing <alerts@example.com>` */
  from: string;
  to: readonly string[];
  subject: string;
  text: string;
  html?: string;
  /** Shown in the html where it says `cid:…`. */
  pictures?: readonly { cid: string; png: Buffer }[];
  /**
   * Our own, without angle brackets. A letter that is posted again has the same one, so that mail readers show it once.
   */
  messageId: string;
  date: Ms;
};

export type Posted = { to: string; answer: Answer };
export type Mailer = {
  /** Hands a letter to each of its recipients separately, so that a bad address fails alone. */
  post: (letter: Omit<Letter, 'from'>, signal?: AbortSignal) => Promise<Posted[]>;
};

const MAX_SUBJECT = 200;

/** Our own mail (alerts, summaries) through one relay. Throws at once when `from` is no sender. */
export function createMailer(relay: Pick<Relay, 'send'>, from: string): Mailer {
  const { address } = senderIn(from);
  return {
    post: async (letter, signal) => {
      const mime = await compose({ ...letter, from });
      const handOver = async (to: string) => ({
        to,
        answer: await relay.send({ envelopeFrom: address, to, mime }, signal),
      });
      return Promise.all(letter.to.map(handOver));
    },
  };
}

/** The letter as it goes on the wire. Throws for a wrong address or id. */
export async function compose(letter: Letter): Promise<Buffer> {
  return new MailComposer({
    from: senderIn(letter.from),
    to: letter.to.map((text) => ({ name: '', address: recipientIn(text) })),
    subject: shortened(safeLine(letter.subject).trim(), MAX_SUBJECT),
    text: letter.text,
    ...(letter.html === undefined ? {} : { html: letter.html }),
    attachments: (letter.pictures ?? []).map(({ cid, png }) => ({
      cid,
      content: png,
      contentType: 'image/png',
      contentDisposition: 'inline' as const,
      filename: `${cid.split('@')[0]}.png`,
    })),
    messageId: `<${idIn(letter.messageId)}>`,
    date: new Date(letter.date),
    // Keeps other programs, such as holiday notices, from answering (RFC 3834, and the header of Exchange for the
    // same).
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    newline: 'windows',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

function senderIn(text: string): { name: string; address: string } {
  const [first, ...others] = addressparser(text, { flatten: true });
  const address = first === undefined ? null : canonicalAddress(first.address);
  if (first === undefined || address === null || others.length > 0) {
    throw new Error('expected a sender like "alerts@example.com" or "Homing <alerts@example.com>"');
  }
  return { name: safeLine(first.name).trim(), address };
}

function recipientIn(text: string): string {
  const address = canonicalAddress(text);
  if (address === null) throw new Error(`expected a plain address as recipient, found "${maskAddress(text)}"`);
  return address;
}

function idIn(messageId: string): string {
  if (/^[!-;=?A-~]{1,200}@[a-zA-Z0-9.-]{1,200}$/.test(messageId)) return messageId;
  throw new Error('expected a message id like "alert.1@example.com"');
}

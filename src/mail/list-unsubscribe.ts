import { fieldIn, fieldsNamed } from './headers.ts';

/** How a recipient gets off a list by the header alone: with one click (RFC 8058), by a link or address (RFC 2369), or not. */
export type Unsubscribing = 'one-click' | 'link' | 'none';

type Said = (name: string) => string | null;

/** `%unsubscribe_url%` and its kin become links of Mailgun's when it sends the mail. */
const HTTPS = /<\s*(?:https:\/\/[^\s<>]+|%[a-z_]*unsubscribe_url%)\s*>/i;

export function unsubscribingBy(said: Said): Unsubscribing {
  const list = said('list-unsubscribe')?.trim() ?? '';
  if (list === '') return 'none';
  const post = said('list-unsubscribe-post')?.trim().toLowerCase();
  return HTTPS.test(list.slice(0, LONGEST)) && post === 'list-unsubscribe=one-click' ? 'one-click' : 'link';
}

const LONGEST = 10_000;

export type ReceivedCheck = {
  by: Unsubscribing;
  /** Whether one signature covers both fields, as RFC 8058 wants; null without a signature. */
  signed: boolean | null;
};

/** What a mail as it was received says. Whether its signature is right is for the receiver to tell. */
export function checkReceived(mime: Buffer): ReceivedCheck {
  const signatures = fieldsNamed(mime, 'dkim-signature', MOST_SIGNATURES);
  const covered = signatures.map((text) => {
    const names = /(?:^|;)\s*h\s*=([^;]*)/i.exec(text)?.[1] ?? '';
    return new Set(names.toLowerCase().replace(/\s/g, '').split(':'));
  });
  const isCovering = (names: ReadonlySet<string>) =>
    names.has('list-unsubscribe') && names.has('list-unsubscribe-post');
  return {
    by: unsubscribingBy((name) => fieldIn(mime, name)),
    signed: signatures.length === 0 ? null : covered.some(isCovering),
  };
}

const MOST_SIGNATURES = 20;

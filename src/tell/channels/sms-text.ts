import { maskAddresses } from '../../core/address.ts';
import { safeLine } from '../../core/safe-text.ts';
import type { Notice } from './channel.ts';

/** The basic characters of GSM 7 bit (3GPP TS 23.038, 6.2.1), without what ends lines and pages. */
const BASIC =
  '@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà';
/** Of its extension: each takes two places. */
const EXTENDED = '^{}\\[~]|€';

/** What one SMS holds: so many places of GSM 7 bit, or else so many units of UCS-2. */
const GSM = 160;
const UCS = 70;

/** A link is no use if it leaves no room for what it is about. */
const LEAST_WORDS = 60;

/** An alert as one SMS: its subject, and the link that acknowledges it, when both have room. */
export function smsText(notice: Notice): string {
  const text = plain(`Homing: ${notice.subject.replace(/^\[Homing\]\s*/, '')}`);
  const most = isGsm(text) ? GSM : UCS;
  const link = notice.turn === 'ended' ? null : notice.link;
  if (link === null || !isGsm(link)) return fitted(text, most);
  const left = most - placesOf(link) - 1;
  return left < LEAST_WORDS ? fitted(text, most) : `${fitted(text, left)} ${link}`;
}

/** One line with signs of print in their plain form, and without a readable address. */
const plain = (text: string): string =>
  maskAddresses(
    safeLine(text)
      .replace(/[‘’‚′]/g, "'")
      .replace(/[“”„″]/g, '"')
      .replace(/[‐‑‒–—―]/g, '-')
      .replaceAll('…', '...'),
  )
    .replace(/\s+/g, ' ')
    .trim();

const isGsm = (text: string): boolean =>
  [...text].every((letter) => BASIC.includes(letter) || EXTENDED.includes(letter));

/** Places of GSM 7 bit, or units of UCS-2 for a text that it does not hold. */
const placesOf = (text: string): number =>
  isGsm(text) ? [...text].reduce((sum, letter) => sum + (EXTENDED.includes(letter) ? 2 : 1), 0) : text.length;

const MORE = '...';

/** Cut behind a word, or within one that would take half of it away. No character is cut in two. */
function fitted(text: string, most: number): string {
  if (placesOf(text) <= most) return text;
  const takes = isGsm(text) ? placesOf : (letter: string) => letter.length;
  let room = most - MORE.length;
  let head = '';
  for (const letter of text) {
    room -= takes(letter);
    if (room < 0) break;
    head += letter;
  }
  const end = text.charAt(head.length) === ' ' ? head.length : head.lastIndexOf(' ');
  return `${(end > head.length / 2 ? head.slice(0, end) : head).trimEnd()}${MORE}`;
}

import { asciiLower } from '../core/address.ts';
import { MAX_HEADER } from './limits.ts';
import { messageIdInField } from './message-id.ts';
import { authorIn } from './recipients.ts';

/**
 * What does not go out through another server:
 *
 * - Mailgun's own notes, among them our variables;
 * - statements of servers on the mail's first way (trace, signatures, seals, verdicts): they would be read as ours;
 * - the blind copies, which are nobody's business.
 *
 * Anything else stays, marks of other vendors (`X-Google-…`) too: they are harmless, and some belong to the sender.
 */
const DROPPED = new Set([
  'arc-authentication-results',
  'arc-message-signature',
  'arc-seal',
  'authentication-results',
  'bcc',
  'dkim-signature',
  'domainkey-signature',
  'received',
  'received-spf',
  'resent-bcc',
  'return-path',
]);
const DROPPED_PREFIX = 'x-mailgun-';

const CR = 0x0d;
const LF = 0x0a;
/** Characters of a field that is read. A longer one is no subject and no list of senders. */
const MAX_FIELD = 10_000;

type Field = { /** in lower case */ name: string; start: number /** after its line end */; end: number };

/**
 * The mail as another server may see it. What stays is copied byte for byte; building the header anew would change its
 * line ends.
 */
export function cleanForRelay(mime: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  for (const { name, start, end } of fieldsOf(mime)) {
    if (!DROPPED.has(name) && !name.startsWith(DROPPED_PREFIX)) continue;
    if (start > from) kept.push(mime.subarray(from, start));
    from = end;
  }
  return Buffer.concat([...kept, mime.subarray(from)]);
}

/** The address for the envelope: Sender, else the first author. Return-Path would be Mailgun's. */
export function senderOf(mime: Buffer): string | null {
  return authorOf(mime, 'sender') ?? authorOf(mime, 'from');
}

/** Without angle brackets, as in `Answer`. */
export function messageIdOf(mime: Buffer): string | null {
  const value = fieldIn(mime, 'message-id');
  return value === null ? null : messageIdInField(value);
}

/** The first field of this name, unfolded and otherwise as it is; null when it is longer than `longest`. */
export function fieldIn(mime: Buffer, name: string, longest = MAX_FIELD): string | null {
  const [field] = fieldsCalled(mime, name, 1);
  return field ? textOf(mime, field, longest) : null;
}

/** All fields of this name, `most` at most; without those that are too long. */
export const fieldsNamed = (mime: Buffer, name: string, most: number): string[] =>
  fieldsCalled(mime, name, most).flatMap((field) => textOf(mime, field) ?? []);

function textOf(mime: Buffer, { start, end }: Field, longest = MAX_FIELD): string | null {
  if (end - start > longest) return null;
  const text = mime.toString('utf8', start, end);
  return text
    .slice(text.indexOf(':') + 1)
    .replace(/[\r\n]+/g, '')
    .trim();
}

function authorOf(mime: Buffer, name: string): string | null {
  const value = fieldIn(mime, name);
  return value === null ? null : authorIn(value);
}

/** Fields of a header that are looked at. Real ones have a hundred; tens of thousands take long to go through. */
const MAX_FIELDS = 2000;

/** Searches no further than a header can reach, and not through megabytes of a body. */
function fieldsCalled(mime: Buffer, name: string, most: number): Field[] {
  const found: Field[] = [];
  let looked = 0;
  for (const field of fieldsOf(mime)) {
    if (field.start > MAX_HEADER || ++looked > MAX_FIELDS) break;
    if (field.name === name) found.push(field);
    if (found.length === most) break;
  }
  return found;
}

/**
 * The fields of the header, each with its folded lines. A line ends with CRLF, LF or a single CR, because SMTP clients
 * send each of these as CRLF: a Bcc after a single CR would otherwise be seen by the recipient.
 */
export function* fieldsOf(mime: Buffer): Generator<Field> {
  let start = 0;
  while (start < mime.length) {
    let { textEnd, end } = lineAt(mime, start);
    if (textEnd === start) return; // the empty line before the body
    while (isBlank(mime[end])) ({ end } = lineAt(mime, end));
    yield { name: nameOf(mime, start, end), start, end };
    start = end;
  }
}

function lineAt(mime: Buffer, start: number): { textEnd: number; end: number } {
  let at = start;
  while (at < mime.length && mime[at] !== CR && mime[at] !== LF) at++;
  const lineEnd = mime[at] === CR && mime[at + 1] === LF ? 2 : 1;
  return { textEnd: at, end: Math.min(at + lineEnd, mime.length) };
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

/**
 * The name of a field, which may be followed by spaces (`Bcc :`, the obsolete syntax of RFC 5322). Empty for a line
 * without a colon.
 */
function nameOf(mime: Buffer, start: number, end: number): string {
  const colon = mime.subarray(start, end).indexOf(':');
  return colon < 0 ? '' : asciiLower(mime.toString('latin1', start, start + colon).trim());
}

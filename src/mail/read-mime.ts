import { fieldsOf } from './headers.ts';
import { bytesOf, parameterOf, textOf } from './mime-text.ts';

/** A field of the header as it was written, unfolded. */
export type WrittenField = { name: string; value: string };

/** A part that holds no others. */
export type Leaf = {
  /** `text/plain`, in lower case and without parameters. */
  type: string;
  charset: string | null;
  /** Of the multipart that it is in, `multipart/alternative` for one; null for a mail of one part. */
  within: string | null;
  disposition: 'attachment' | 'inline' | null;
  filename: string | null;
  /** Without angle brackets. */
  contentId: string | null;
  content: Buffer;
  /** With its header, as it stands in the mail. */
  written: Buffer;
};

export type ReadMail = {
  fields: readonly WrittenField[];
  leaves: readonly Leaf[];
  /** Signed or encrypted: whoever writes it anew breaks it. */
  isSealed: boolean;
};

/** Real mails have a few; more of them, or one in the other without end, are made to take time. */
const MOST_PARTS = 1000;
const DEEPEST = 30;
const MOST_FIELDS = 2000;

/**
 * A ready message taken apart, or why it is none that anybody sends. postal-mime 4.0.0 was tried in its place: it takes 1.7 kB
 * of memory for each part and has no limit on them, leaves out the text of a multipart without a boundary, and does not say
 * which parts are forms of one text.
 */
export function readMime(mime: Buffer): ReadMail | string {
  const mail = { leaves: [] as Leaf[], isSealed: false };
  const entity = entityOf(mime);
  const problem = takeApart(mail, entity, { within: null, depth: 0 });
  return problem ?? { fields: entity.fields, ...mail };
}

/** The text of a leaf. */
export const leafText = ({ content, charset }: Leaf): string => textOf(content, charset);

/** The first field of that name, in any case. */
export const firstOf = (fields: readonly WrittenField[], name: string): string | null =>
  fields.find((field) => field.name.toLowerCase() === name)?.value ?? null;

type Entity = { written: Buffer; fields: WrittenField[]; body: Buffer };

/** A header, and what stands behind the empty line at its end. */
export function entityOf(mime: Buffer): Entity {
  const fields: WrittenField[] = [];
  let end = 0;
  for (const field of fieldsOf(mime)) {
    end = field.end;
    if (field.name === '' || fields.length >= MOST_FIELDS) continue;
    const [, name = '', value = ''] = /^([^:]*):(.*)$/s.exec(mime.toString('utf8', field.start, field.end)) ?? [];
    fields.push({ name: name.trim(), value: value.replace(/[\r\n]+/g, '').trim() });
  }
  return { written: mime, fields, body: mime.subarray(end + lineEndAt(mime, end)) };
}

const CR = 0x0d;
const LF = 0x0a;

/** Bytes of the line end at this place. */
function lineEndAt(bytes: Buffer, at: number): number {
  if (bytes[at] === CR) return bytes[at + 1] === LF ? 2 : 1;
  return bytes[at] === LF ? 1 : 0;
}

const SEALED = /^(?:multipart\/(?:signed|encrypted)|application\/(?:x-)?pkcs7-mime)$/;

type Taken = { leaves: Leaf[]; isSealed: boolean };
type Place = { within: string | null; depth: number };

/** Adds the leaves of an entity to those of the mail. */
function takeApart(mail: Taken, entity: Entity, { within, depth }: Place): string | null {
  const { fields, body } = entity;
  const header = firstOf(fields, 'content-type') ?? 'text/plain';
  const type = /^[^;\s]*/.exec(header)?.[0].toLowerCase() || 'text/plain';
  mail.isSealed ||= SEALED.test(type);
  const boundary = type.startsWith('multipart/') ? parameterOf(header, 'boundary') : null;
  if (!boundary) return addLeaf(mail, leafOf(entity, { type, header, within }));
  if (depth >= DEEPEST) return 'its parts are too deep in each other';
  for (const piece of piecesOf(body, boundary)) {
    const problem = takeApart(mail, entityOf(piece), { within: type, depth: depth + 1 });
    if (problem !== null) return problem;
  }
  return null;
}

function addLeaf({ leaves }: Taken, leaf: Leaf): string | null {
  if (leaves.length >= MOST_PARTS) return 'it has too many parts';
  leaves.push(leaf);
  return null;
}

type Known = { type: string; header: string; within: string | null };

function leafOf({ written, fields, body }: Entity, { type, header, within }: Known): Leaf {
  const placed = firstOf(fields, 'content-disposition') ?? '';
  const disposition = /^\s*(attachment|inline)\b/i.exec(placed)?.[1]?.toLowerCase() ?? null;
  return {
    type: type.startsWith('multipart/') ? 'text/plain' : type,
    charset: parameterOf(header, 'charset'),
    within,
    disposition: disposition === 'attachment' || disposition === 'inline' ? disposition : null,
    filename: parameterOf(placed, 'filename') || parameterOf(header, 'name') || null,
    contentId: (firstOf(fields, 'content-id') ?? '').trim().replace(/^<|>$/g, '') || null,
    content: bytesOf(body, firstOf(fields, 'content-transfer-encoding') ?? ''),
    written,
  };
}

/** What stands between the boundaries. The last piece of a mail that was cut has no end. */
function piecesOf(body: Buffer, boundary: string): Buffer[] {
  const delimiter = Buffer.from(`--${boundary}`);
  const pieces: Buffer[] = [];
  let from: number | null = null;
  for (let at = body.indexOf(delimiter); at >= 0; at = body.indexOf(delimiter, at + delimiter.length)) {
    const line = delimiterLine(body, at, at + delimiter.length);
    if (line === null) continue;
    if (from !== null) pieces.push(body.subarray(from, Math.max(from, line.before)));
    if (line.isLast || pieces.length > MOST_PARTS) return pieces;
    from = line.end;
  }
  return from === null ? pieces : [...pieces, body.subarray(from)];
}

/** A delimiter has a line of its own; the line end before it belongs to it. */
function delimiterLine(
  body: Buffer,
  at: number,
  after: number,
): { before: number; end: number; isLast: boolean } | null {
  if (at > 0 && body[at - 1] !== LF && body[at - 1] !== CR) return null;
  const [rest = '', mark] = /^(--)?[ \t]*(?=[\r\n]|$)/.exec(body.toString('latin1', after, after + 1000)) ?? [null];
  if (rest === null) return null;
  const before = at - (body[at - 1] === LF && body[at - 2] === CR ? 2 : 1);
  const end = after + rest.length;
  return { before, end: end + lineEndAt(body, end), isLast: mark !== undefined };
}

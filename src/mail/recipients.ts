import { asciiLower, canonicalAddress } from '../core/address.ts';
import { MAX_RECIPIENTS } from './limits.ts';

/** Whom texts name. Each text is a list of addresses as mail clients take it: commas, names, comments and groups. */
export type Recipients = {
  /** Canonical, each once whatever the case of its letters, in the order of the texts. */
  addresses: string[];
  /** Where something stands that is no address, and that is therefore not among them. */
  misfits: Misfit[];
};

/** The place of an address: which text, and which of its addresses, both counted from 0. No address is quoted. */
export type Misfit = { text: number; address: number };

/** Reads no further than to one address, or one misfit, more than a message can have recipients. */
export function recipientsIn(texts: readonly string[]): Recipients {
  const byKey = new Map<string, string>();
  const misfits: Misfit[] = [];
  for (const [text, written] of texts.entries()) {
    let address = 0;
    for (const canonical of addressesIn(written)) {
      if (canonical === null) misfits.push({ text, address });
      else if (!byKey.has(asciiLower(canonical))) byKey.set(asciiLower(canonical), canonical);
      if (Math.max(byKey.size, misfits.length) > MAX_RECIPIENTS) return { addresses: [...byKey.values()], misfits };
      address++;
    }
  }
  return { addresses: [...byKey.values()], misfits };
}

/** What is read of a text. Each character is asked for twice at most, so that long lists cost no more than their length. */
export type Text = Pick<string, 'length' | 'charCodeAt' | 'slice'>;

/**
 * Each address of a list in its canonical form, and null in the place of each that can't be told for certain. Nothing is
 * guessed: a guess drops a recipient, or mails to another one.
 */
export function* addressesIn(text: Text): Generator<string | null> {
  for (const mailbox of mailboxesIn(text)) yield addressOf(mailbox);
}

/** The first address in a field that names authors, whatever else is written there: `Ann via Shop <shop@example.com>`. */
export function authorIn(text: Text): string | null {
  for (const { angled, bare } of mailboxesIn(text))
    for (const candidate of [...angled, ...bare.split(/\s+/)]) {
      const author = canonicalAddress(candidate.trim());
      if (author !== null) return author;
    }
  return null;
}

/** Two addresses without a comma between them look so. A name may have an @ of its own: "Ann @ Shop". */
const LOOKS_LIKE_ADDRESS = /[^\s@]@[^\s@]/;

function addressOf({ angled, bare, unquoted, isBroken }: Mailbox): string | null {
  const [within, ...others] = angled;
  if (isBroken || others.length > 0) return null;
  if (within === undefined) return canonicalAddress(bare.trim());
  const address = canonicalAddress(within.trim());
  if (address === null || !LOOKS_LIKE_ADDRESS.test(unquoted)) return address;
  // Mail clients write an address twice where there is no name, some of them in apostrophes.
  const name = canonicalAddress(unquoted.trim().replace(/^'(.*)'$/s, '$1'));
  return name !== null && asciiLower(name) === asciiLower(address) ? address : null;
}

/** What stands between two commas. */
type Mailbox = {
  /** What is in angle brackets, without them. */
  angled: string[];
  /** What is outside of them, without comments. */
  bare: string;
  /** The same without what is in quotes. */
  unquoted: string;
  /** A quote, a comment or a bracket has no end; or an address stands where a group has its name. */
  isBroken: boolean;
  isEmpty: boolean;
};

function* mailboxesIn(text: Text): Generator<Mailbox> {
  let mailbox = emptyMailbox();
  for (const token of tokensIn(text)) {
    if (token.kind !== 'comma' && token.kind !== 'colon') {
      add(mailbox, token);
      continue;
    }
    // A colon ends the name of a group, which is none of its addresses.
    const isName = token.kind === 'colon' && mailbox.angled.length === 0 && !LOOKS_LIKE_ADDRESS.test(mailbox.unquoted);
    if (!isName && !mailbox.isEmpty) yield { ...mailbox, isBroken: mailbox.isBroken || token.kind === 'colon' };
    mailbox = emptyMailbox();
  }
  if (!mailbox.isEmpty) yield mailbox;
}

const emptyMailbox = (): Mailbox => ({ angled: [], bare: '', unquoted: '', isBroken: false, isEmpty: true });

function add(mailbox: Mailbox, { kind, text, isOpen }: Token): void {
  if (kind === 'angled') mailbox.angled.push(text.slice(1, isOpen ? undefined : -1));
  // A comment separates as a blank does.
  else mailbox.bare += kind === 'comment' ? ' ' : text;
  if (kind === 'words') mailbox.unquoted += text;
  mailbox.isBroken ||= isOpen;
  mailbox.isEmpty &&= kind === 'words' && text.trim() === '';
}

type Token = {
  kind: 'words' | 'quoted' | 'comment' | 'angled' | 'comma' | 'colon';
  text: string;
  /** It began and did not end. */
  isOpen: boolean;
};

const code = (sign: string): number => sign.charCodeAt(0);
const [OPENING, CLOSING, BACKSLASH] = [code('('), code(')'), code('\\')];

/** A semicolon ends a group, and some mail clients write it for a comma. */
const KINDS: ReadonlyMap<number, Exclude<Token['kind'], 'words'>> = new Map([
  [code('"'), 'quoted'],
  [OPENING, 'comment'],
  [code('<'), 'angled'],
  [code(','), 'comma'],
  [code(';'), 'comma'],
  [code(':'), 'colon'],
]);

function* tokensIn(text: Text): Generator<Token> {
  for (let at = 0; at < text.length; ) {
    const kind = KINDS.get(text.charCodeAt(at)) ?? 'words';
    const end = ENDS[kind](text, at + 1);
    // An end behind the text says that the closing sign is missing.
    yield { kind, text: text.slice(at, end), isOpen: end > text.length };
    at = end;
  }
}

/** Where a token ends whose first sign stands before `at`; behind the text for one that has no end. */
const ENDS: Readonly<Record<Token['kind'], (text: Text, at: number) => number>> = {
  words(text, at) {
    let end = at;
    while (end < text.length && !KINDS.has(text.charCodeAt(end))) end++;
    return end;
  },
  quoted: (text, at) => endOfEscaped(text, at, code('"')),
  comment: (text, at) => endOfEscaped(text, at, CLOSING, OPENING),
  angled: (text, at) => endOfEscaped(text, at, code('>')),
  comma: (_, at) => at,
  colon: (_, at) => at,
};

/** Behind the closing sign, where a backslash takes the meaning of the next sign; `opening` is one that nests. */
function endOfEscaped(text: Text, start: number, closing: number, opening?: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === BACKSLASH) at++;
    else if (sign === opening) depth++;
    else if (sign === closing && --depth === 0) return at + 1;
  }
  return text.length + 1;
}

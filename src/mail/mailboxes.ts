import { addressKey, canonicalAddress } from '../core/address.ts';
import { type Entry, entriesIn } from './list-entries.ts';

/** An entry of a list. Its address is null where it is not certain: a guess could leave somebody out, or mail to others. */
export type Mailbox = { name: string; address: string | null };

const UNCERTAIN: Mailbox = { name: '', address: null };

/**
 * The entries of a list of addresses as mail clients write it: with commas or semicolons between them, names, quotes,
 * comments and groups. Nothing that is written is left out: what is no address is an entry without one.
 */
export function* mailboxesIn(text: string): Generator<Mailbox> {
  let inGroup = false;
  let surname: string | null = null;
  for (const entry of entriesIn(text)) {
    const isDivided = surname !== null && entry.end !== 'colon' && entry.brackets.length === 1;
    if (surname !== null && !isDivided) yield UNCERTAIN;
    if (entry.end === 'colon') {
      if (inGroup || !isGroupName(entry)) yield UNCERTAIN;
      inGroup = true;
      surname = null;
    } else if (surname === null && isSurname(entry)) {
      surname = entry.name;
    } else {
      if (!isEmpty(entry)) yield mailboxOf(entry, isDivided ? surname : null);
      surname = null;
      if (entry.end === 'semicolon') inGroup = false;
    }
  }
}

/** A mailbox as a list may hold it. */
export function written(name: string, address: string): string {
  if (name === '' || addressKey(name) === addressKey(address)) return address;
  // Within quotes an encoded word (RFC 2047) would not be decoded.
  const isPlain = !/["(),.:;<>@[\\\]]/.test(name) || /^(?:=\?[^\s?]+\?[bq]\?[^\s?]*\?=\s*)+$/i.test(name);
  return `${isPlain ? name : `"${name.replace(/["\\]/g, '\\$&')}"`} <${address}>`;
}

const isEmpty = ({ text, brackets, comments, isBroken }: Entry): boolean =>
  text.trim() === '' && brackets.length === 0 && comments.length === 0 && !isBroken;

const isGroupName = ({ text, brackets, isBroken }: Entry): boolean =>
  text.trim() !== '' && brackets.length === 0 && !isBroken && !LOOKS_LIKE_ADDRESS.test(text);

/**
 * "Miller" in "Miller, Ann <ann@example.org>", which some clients write without quotes. What could be an address with a
 * slip in it is none.
 */
const isSurname = ({ text, brackets, isBroken, end }: Entry): boolean =>
  end === 'comma' &&
  brackets.length === 0 &&
  !isBroken &&
  /^[\p{L}\p{M}'’ .-]+$/u.test(text) &&
  /\p{L}/u.test(text) &&
  !/\.\p{L}{2}/u.test(text);

function mailboxOf(entry: Entry, surname: string | null): Mailbox {
  const name = [surname, entry.name].filter(Boolean).join(', ') || (entry.comments[0] ?? '');
  const [bracket, ...others] = entry.brackets;
  if (entry.isBroken || others.length > 0) return UNCERTAIN;
  const address = canonicalAddress((bracket ?? entry.text).trim());
  const beside = [...(bracket === undefined ? [] : [entry.unquoted]), ...entry.comments];
  if (address === null || !beside.every((text) => isNameOf(address, text))) return UNCERTAIN;
  return { name: bracket === undefined ? (entry.comments[0] ?? '') : name, address };
}

/**
 * Two addresses without a comma between them look so, and one in a comment behind another. A name may have an @ of its
 * own: "Ann @ Shop".
 */
const LOOKS_LIKE_ADDRESS = /[^\s@]@[^\s@]/;

/** Where there is no name mail clients write the address in its place, some of them in apostrophes. */
function isNameOf(address: string, unquoted: string): boolean {
  if (!LOOKS_LIKE_ADDRESS.test(unquoted)) return true;
  return addressKey(unquoted.trim().replace(/^'(.*)'$/s, '$1')) === addressKey(address);
}

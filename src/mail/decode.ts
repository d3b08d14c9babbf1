import type { Steps } from './steps.ts';

const PLUS = 0x2b;
const BLANK = 0x20;
const PERCENT = 0x25;

/** Bytes of one step. */
const PIECE = 1024 * 1024;

/** The text that bytes of UTF-8 stand for. A byte order mark is a part of it. */
export function* textIn(bytes: Buffer): Steps<string> {
  if (bytes.length <= PIECE) return bytes.toString('utf8');
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length; at += PIECE) {
    text += decoder.decode(bytes.subarray(at, at + PIECE), { stream: true });
    yield;
  }
  return text + decoder.decode();
}

/** The same of a name or value in a urlencoded form. URLSearchParams takes five seconds for 25 MB of `+`. */
export function* formTextIn(bytes: Buffer): Steps<string> {
  if (!bytes.includes(PERCENT) && !bytes.includes(PLUS)) return yield* textIn(bytes);
  const plain = Buffer.allocUnsafe(bytes.length);
  let size = 0;
  for (let i = 0, stop = PIECE; i < bytes.length; stop += PIECE) {
    for (; i < bytes.length && i < stop; i++) {
      const byte = bytes[i] ?? 0;
      const escaped = byte === PERCENT ? (digitOf(bytes[i + 1]) << 4) | digitOf(bytes[i + 2]) : -1;
      if (escaped >= 0) i += 2;
      plain[size++] = escaped >= 0 ? escaped : byte === PLUS ? BLANK : byte;
    }
    if (i < bytes.length) yield;
  }
  return yield* textIn(plain.subarray(0, size));
}

/** The value of a hexadecimal digit; below zero for what is none, also after it was shifted and joined with another. */
const digitOf = (digit: number | undefined): number => HEX[digit ?? 0] ?? -1;
const HEX = Int8Array.from({ length: 256 }, (_, code) => {
  const value = Number.parseInt(String.fromCharCode(code), 16);
  return Number.isNaN(value) ? -1 : value;
});

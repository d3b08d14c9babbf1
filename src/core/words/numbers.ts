import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../time.ts';

/** `412`, `12 345`. */
export const many = (n: number): string => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ' ');

/** `1 mail`, `12 345 mails`. */
export const counted = (n: number, one: string, more = `${one}s`): string => `${many(n)} ${n === 1 ? one : more}`;

export const were = (n: number): string => (n === 1 ? 'was' : 'were');

/** `0.7 %`; never 0 or 100 for what is not. */
export function percent(share: number): string {
  const p = 100 * share;
  if (p > 0 && p < 0.1) return '<0.1 %';
  if (p < 100 && p > 99.9) return '>99.9 %';
  return p === 0 || p === 100 ? `${p} %` : `${p.toFixed(1)} %`;
}

/** `2026-11-25 14:03:09 UTC`. */
export const timeWords = (at: Ms): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** A length of time as a person says it: `250 ms`, `30 s`, `4 min`, `4 h 16 min`, `1 d 5 h`. */
export function lengthWords(ms: Ms): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (rounded(ms, SECOND) < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (rounded(ms, MINUTE) < HOUR) return `${Math.round(ms / MINUTE)} min`;
  return rounded(ms, MINUTE) < DAY ? inTwo(ms, [HOUR, 'h'], [MINUTE, 'min']) : inTwo(ms, [DAY, 'd'], [HOUR, 'h']);
}

/** The same as it was measured: `12.4 s`, `3 min 20 s`, and `–` for what was not. */
export function timeTaken(ms: Ms | null): string {
  if (ms === null) return '–';
  if (ms < SECOND || rounded(ms, SECOND) >= HOUR) return lengthWords(ms);
  // Rounded to a tenth of a second it is less than a minute.
  if (ms < MINUTE - 50) return `${(ms / SECOND).toFixed(1)} s`;
  return inTwo(ms, [MINUTE, 'min'], [SECOND, 's']);
}

const rounded = (ms: Ms, unit: Ms): Ms => Math.round(ms / unit) * unit;

type Unit = [length: Ms, name: string];

function inTwo(ms: Ms, [big, bigName]: Unit, [small, smallName]: Unit): string {
  const whole = rounded(ms, small);
  const rest = (whole % big) / small;
  return `${Math.floor(whole / big)} ${bigName}${rest > 0 ? ` ${rest} ${smallName}` : ''}`;
}

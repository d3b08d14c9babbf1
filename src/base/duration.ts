import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../core/time.ts';

const UNITS: Record<string, Ms> = { d: DAY, h: HOUR, m: MINUTE, s: SECOND, ms: 1 };

/** Longer than anything is waited for or kept, and far below what a number or a date can hold. */
const LONGEST: Ms = 3650 * DAY;

/** `250ms`, `30s`, `4m`, `8h`, `3d`. Null for anything else. */
export function parseDuration(text: string): Ms | null {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const ms = Math.round(Number(amount) * (UNITS[unit] ?? 0));
  return ms <= LONGEST ? ms : null;
}

/** The shortest text that `parseDuration` reads as this: minutes as `90m` and not as `1.5h`. */
export function durationText(ms: Ms): string {
  const [unit, length] = Object.entries(UNITS).find(([, length]) => ms >= length && ms % length === 0) ?? ['ms', 1];
  return `${ms / length}${unit}`;
}

import { isTooDeep } from '../core/depth.ts';

/** The value of a variable as its text. Some clients write every value as JSON, so that a text comes in quotes. */
export function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === 'string' ? text : value;
  } catch {
    return value; // A text that begins with a quote of its own.
  }
}

/** The object that a text of JSON is; null for any other text, and for one that is nested too deep to be written again. */
function shallowObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isMap && !isTooDeep(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null; // The words of the parser would quote the content.
  }
}

/** The variables of a batch, by the addresses of its recipients; null for a text that Mailgun would refuse. */
export function batchVariables(text: string): Record<string, Record<string, unknown>> | null {
  const all = shallowObject(text);
  const isBatch = all !== null && Object.values(all).every((own) => typeof own === 'object' && own !== null);
  return isBatch ? (all as Record<string, Record<string, unknown>>) : null;
}

const OURS = 'homing-';

/** The text of a header X-Mailgun-Variables without our variables, which recipients could read, and those by their names. */
export function partOurs(text: string): { ours: Record<string, unknown>; text: string } {
  const all = Object.entries(shallowObject(text) ?? {});
  const theirs = all.filter(([name]) => !name.startsWith(OURS));
  if (theirs.length === all.length) return { ours: {}, text };
  const ours = Object.fromEntries(all.filter(([name]) => name.startsWith(OURS)));
  return { ours, text: JSON.stringify(Object.fromEntries(theirs)) };
}

import type { Exchanged } from './exchange.ts';

/** Keys have 32 characters or more. A shorter one, as in trials, may be a part of ordinary words and is no secret. */
const SECRET = 16;

/**
 * Removes secrets from error pages: such a page may show the request, and its text is stored, logged and mailed. Data
 * is left alone, because an id or address in it may contain the same letters by chance.
 */
export function withoutSecrets(exchanged: Exchanged, secrets: readonly string[]): Exchanged {
  if (exchanged.kind === 'silence' || isData(exchanged)) return exchanged;
  const shown = secrets.filter((secret) => secret.length >= SECRET && exchanged.body.includes(secret));
  if (shown.length === 0) return exchanged;
  const text = shown.reduce((rest, secret) => rest.replaceAll(secret, '[hidden]'), exchanged.body.toString('latin1'));
  return { ...exchanged, body: Buffer.from(text, 'latin1') };
}

function isData({ status, headers }: Extract<Exchanged, { kind: 'reply' }>): boolean {
  return status < 300 && String(headers['content-type']).includes('json');
}

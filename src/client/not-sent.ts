import type { RefusalTold } from './record.ts';

/** What was tried when it failed: to find the server, to connect to it, to start the program that sends mail. */
const BEFORE_ANYTHING = /^(?:connect|getaddrinfo|query\w*|spawn\b.*)$/;

/**
 * What an error says of a mail that can't have left: nobody was there to give it to. Null for any other error. What
 * nodemailer calls the command of an error does not tell: it is `CONN` also when a connection breaks in the middle of a
 * mail.
 */
export function notSent(error: unknown): RefusalTold | null {
  if (!isBeforeAnything(error)) return null;
  return { notSent: true, message: codeIn(error) };
}

function isBeforeAnything(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  // A host with several addresses, each with an error of its own.
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isBeforeAnything);
  const syscall: unknown = Reflect.get(error, 'syscall');
  if (typeof syscall === 'string') return BEFORE_ANYTHING.test(syscall);
  return Reflect.get(error, 'code') === 'EDNS' || error.message.startsWith('Sendmail command not found');
}

/** The words of the error are left out, because they may name an address. */
function codeIn(error: unknown): string {
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { code, errno, syscall } = (first ?? {}) as { code?: unknown; errno?: unknown; syscall?: unknown };
  return (
    [syscall, code ?? errno].filter((word) => typeof word === 'string' && !word.includes('@')).join(' ') || 'no way out'
  );
}

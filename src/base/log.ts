import pino from 'pino';
import { maskAddresses } from '../core/address.ts';
import { escapedJson, safeJson, safeLine, shortened } from '../core/safe-text.ts';

/**
 * What the steps log with: one JSON line an event, fields first. Never a key, a body, a link or a full address. Texts of
 * others are shortened, and can do nothing to the terminal that shows them.
 */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>;

/**
 * Fields of these names are left out of every line, at any depth. Nobody should log them in the first place; this is
 * the safety net.
 */
const SECRET = ['authorization', 'password', 'pass', 'apiKey', 'api_key', 'key', 'token', 'body', 'mime', 'signature'];

export function createLog(level: string, format: 'json' | 'pretty', out: NodeJS.WritableStream = process.stdout): Log {
  const redact = { paths: SECRET.flatMap((name) => [name, `*.${name}`]), censor: '[hidden]' };
  const options = {
    level,
    redact,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { error: errorWords },
    formatters: { log: (fields: Record<string, unknown>) => shortFields(fields) },
  };
  return pino(options, format === 'json' ? safeLinesOf(out) : plainLines(out));
}

/** Characters of a field of a line. */
const LONGEST = 1000;

const shortFields = (fields: Record<string, unknown>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, short(value)]));

function short(value: unknown): unknown {
  if (typeof value === 'string') return maskAddresses(shortened(value, LONGEST));
  return Array.isArray(value) ? value.map(short) : value;
}

const safeLinesOf = (out: NodeJS.WritableStream): pino.DestinationStream => ({
  write: (line: string) => void out.write(escapedJson(line)),
});

/** Errors by name, code and message: a stack of a library can hold what it was called with. */
function errorWords(error: unknown): unknown {
  if (!(error instanceof Error)) return maskAddresses(shortened(String(error), 500));
  const { name, message, stack } = error;
  const frames = stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 6)
    .map((line) => line.trim());
  return {
    name,
    code: (error as { code?: unknown }).code,
    message: maskAddresses(shortened(message, 500)),
    at: frames,
  };
}

/** `12:00:01 info  delivered  attempt=2 …` for people. */
function plainLines(out: NodeJS.WritableStream): pino.DestinationStream {
  const levels: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
  return {
    write(line: string) {
      const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const rest = Object.entries(fields).map(([name, value]) => `${name}=${safeJson(value)}`);
      const clock = String(time).slice(11, 19);
      out.write(
        `${clock} ${(levels[Number(level)] ?? '').padEnd(5)} ${safeLine(String(msg ?? ''))}  ${rest.join(' ')}\n`,
      );
    },
  };
}

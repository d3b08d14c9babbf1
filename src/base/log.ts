import pino from 'pino';

/** What the steps log with: one JSON line an event, fields first. Never a key, a body, a link or a full address. */
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
  };
  return pino(options, format === 'json' ? out : plainLines(out));
}

/** Errors by name, code and message: a stack of a library can hold what it was called with. */
function errorWords(error: unknown): unknown {
  if (!(error instanceof Error)) return String(error);
  const { name, message, stack } = error;
  const frames = stack
    ?.split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 6)
    .map((line) => line.trim());
  return { name, code: (error as { code?: unknown }).code, message: message.slice(0, 500), at: frames };
}

/** `12:00:01 info  delivered  attempt=2 …` for people. */
function plainLines(out: NodeJS.WritableStream): pino.DestinationStream {
  const levels: Record<number, string> = { 10: 'trace', 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' };
  return {
    write(line: string) {
      const { time, level, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
      const rest = Object.entries(fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
      const clock = String(time).slice(11, 19);
      out.write(`${clock} ${(levels[Number(level)] ?? '').padEnd(5)} ${String(msg ?? '')}  ${rest.join(' ')}\n`);
    },
  };
}

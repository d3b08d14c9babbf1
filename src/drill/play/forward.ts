import { Agent, fetch } from 'undici';
import type { Ms } from '../../core/time.ts';
import { MINUTE } from '../../core/time.ts';
import type { Reply } from '../../lab/sim/reply.ts';
import type { Call } from './mail-call.ts';

/** Headers that are of one connection alone, or are made anew (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION = new Set([
  'host',
  'connection',
  'content-length',
  'keep-alive',
  'transfer-encoding',
  'expect',
]);
const LATEST: Ms = MINUTE;

/** A connection for each call: one that is kept may be closed just when it is used again. */
const dispatcher = new Agent({ pipelining: 0 });

/** Asks upstream and gives back what it says. The key in the headers goes there and, as no redirect is followed, nowhere else. */
export async function forward(upstream: string, { method, path, headers, body }: Call): Promise<Reply> {
  const sent = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || OF_THE_CONNECTION.has(name) ? [] : [[name, String(value)]],
  );
  const answered = await fetch(`${upstream.replace(/\/+$/, '')}${path}`, {
    method,
    headers: [...sent.filter(([name]) => name !== 'accept-encoding'), ['accept-encoding', 'identity']],
    ...(method === 'GET' || method === 'HEAD' ? {} : { body }),
    redirect: 'manual',
    ...{ signal: AbortSignal.timeout(LATEST), dispatcher },
  });
  const kept = [...answered.headers].filter(([name]) => !OF_THE_CONNECTION.has(name) && name !== 'content-encoding');
  return {
    status: answered.status,
    headers: Object.fromEntries(kept),
    body: Buffer.from(await answered.arrayBuffer()),
  };
}

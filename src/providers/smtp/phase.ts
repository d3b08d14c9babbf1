import { Readable } from 'node:stream';
import type { Ms } from '../../core/time.ts';

/**
 * How far a mail got: `envelope`, not a byte of it has left; `content`, the server has said 354 and some of it may
 * have; `whole`, all of it may have, the final dot included.
 */
export type Phase = 'envelope' | 'content' | 'whole';
export type Handover = {
  stream: Readable;
  phase: () => Phase;
  /** Calls back once, when the content begins. */
  onContent: (callback: () => void) => void;
};

const SLICE = 16 * 1024;

/**
 * The mail as a stream that knows how far it was read, because nodemailer's errors do not tell a connection that broke
 * before the content from one that broke after it.
 *
 * nodemailer reads the stream of a mail only after DATA was answered with 354, and writes the final dot only after
 * the stream has ended; so both bounds hold whatever its buffers do. Its log is no witness: the entry that the content
 * was written comes one drain of the socket after the dot.
 */
export function handoverOf(mime: Buffer): Handover {
  let phase: Phase = 'envelope';
  let at = 0;
  let begin: () => void = () => undefined;
  const stream = new Readable({
    highWaterMark: SLICE,
    read() {
      if (at === 0) begin();
      phase = at < mime.length ? 'content' : 'whole';
      this.push(at < mime.length ? mime.subarray(at, at + SLICE) : null);
      at += SLICE;
    },
  });
  const onContent = (callback: () => void) => {
    begin = callback;
  };
  return { stream, phase: () => phase, onContent };
}

/**
 * Ends a hand-over that does not reach its content within `timeout`, or its answer within `dataTimeout` after that.
 * nodemailer's own limits are about silence: a server that says a word now and then would hold it for ever.
 */
export function limitTo(
  { timeout, dataTimeout }: { timeout: Ms; dataTimeout: Ms },
  handover: Handover,
  outer: AbortSignal | undefined,
): { signal: AbortSignal; release: () => void } {
  const limit = new AbortController();
  let release: () => void = () => undefined;
  const allow = (time: Ms, orElse: string) => {
    release();
    const timer = AbortSignal.timeout(time);
    const stop = () => limit.abort(new Error(`${orElse} within ${time} ms`));
    timer.addEventListener('abort', stop, { once: true });
    release = () => timer.removeEventListener('abort', stop);
  };
  allow(timeout, 'no progress');
  handover.onContent(() => allow(dataTimeout, 'no answer'));
  return { signal: outer ? AbortSignal.any([outer, limit.signal]) : limit.signal, release: () => release() };
}

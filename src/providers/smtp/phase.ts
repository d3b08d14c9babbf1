import { Readable } from 'node:stream';
import type { Ms } from '../../core/time.ts';

/**
 * How far a mail got. `envelope`: nothing of it has left. `content`: the server has said 354, and a part of it may have
 * left. `whole`: all of it may have left, with the final dot.
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
 * The mail as a stream that notes how far it was read. It is needed because the errors of nodemailer do not tell
 * whether a connection broke before or after the content.
 *
 * nodemailer reads this stream only after the server answered DATA with 354, and writes the final dot only after the
 * stream has ended, so both limits hold whatever it buffers. Its log can not be used instead: it says that the content
 * was written only some time after the dot.
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
 * Ends a hand-over that has not reached its content within `timeout`, or got no answer within `dataTimeout` after that.
 * The limits of nodemailer are about silence alone: a server that says a word now and then could hold it for ever.
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

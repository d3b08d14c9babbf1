import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { Agent, Dispatcher } from 'undici';
import type { Deadline } from '../../base/deadline.ts';
import type { Ms } from '../../core/time.ts';

export type Call = {
  url: URL;
  method: 'GET' | 'POST' | 'DELETE';
  headers: Record<string, string>;
  body: string | Buffer | readonly Buffer[] | null;
  /** For all of it, from the wait for a connection to the last byte of the answer. Several calls may share one. */
  deadline: Deadline;
  /** Bytes of the answer's body. */
  limit: number;
};

export type Exchanged =
  /**
   * `whole` is false for an answer that broke off, took too long or grew too large, which is `tooLarge`, and for one that says
   * yes to a request that was not sent to its end.
   */
  | {
      kind: 'reply';
      status: number;
      headers: IncomingHttpHeaders;
      body: Buffer;
      whole: boolean;
      tooLarge?: boolean;
    }
  /** No answer. When `begun` is false, no byte of the request has left, and none will. */
  | {
      kind: 'silence';
      begun: boolean;
      why: string /** The provider asked to be left alone so long. */;
      retryAfter?: Ms;
    };

/**
 * One request and its answer. Redirects are not followed, nothing is unpacked or repeated. It uses the lowest interface
 * of undici, the only one that tells whether a byte of the request was written: that is the difference between "not
 * sent" and "may have been sent".
 */
export function exchange(agent: Agent, call: Call): Promise<Exchanged> {
  return new Promise((resolve) => {
    const answer = { status: 0, headers: {} as IncomingHttpHeaders, parts: [] as Buffer[], size: 0 };
    let begun = false;
    let isOver = false;
    let controller: Dispatcher.DispatchController | null = null;

    const end = (result: Exchanged) => {
      if (isOver) return;
      isOver = true;
      call.deadline.signal.removeEventListener('abort', expire);
      resolve(result);
    };
    const content = contentOf(call);
    const reply = (isWhole: boolean): Exchanged => {
      const { status, headers, parts } = answer;
      const tooLarge = answer.size > call.limit;
      // The connection ends with the answer: of what was not sent yet, nothing follows.
      const isCut = status < 300 && content.body instanceof Readable && !content.body.readableEnded;
      return { kind: 'reply', status, headers, body: Buffer.concat(parts), whole: isWhole && !isCut, tooLarge };
    };
    const breakOff = (why: string) => {
      end(answer.status > 0 ? reply(false) : { kind: 'silence', begun, why });
      controller?.abort(new Error(why));
    };
    const expire = () => breakOff('the time for it was over');
    if (call.deadline.signal.aborted) return expire();
    call.deadline.signal.addEventListener('abort', expire);

    const { origin, pathname, search } = call.url;
    agent.dispatch(
      { origin, path: pathname + search, method: call.method, ...content },
      {
        onRequestStart(given) {
          controller = given;
          // After a pause of the process a connection may be ready before the timer of the deadline has fired.
          if (performance.now() >= call.deadline.at) expire();
          // It was given up while it waited for a connection, and reported as not sent: it must not be sent now.
          if (isOver) given.abort(new Error('given up'));
          else begun = true;
        },
        onResponseStart(_, status, headers) {
          if (status >= 200) Object.assign(answer, { status, headers });
        },
        onResponseData(_, part) {
          answer.size += part.length;
          if (answer.size > call.limit) breakOff('the answer is too large');
          else answer.parts.push(part);
        },
        onResponseEnd: () => end(reply(true)),
        onResponseError: (_, error) => breakOff(codeOf(error)),
      },
    );
  });
}

/** Bytes. Larger ones that come in pieces are not put together, so that they are in memory once. */
const LARGE = 128 * 1024;

function contentOf({ headers, body }: Call): Pick<Dispatcher.DispatchOptions, 'headers' | 'body'> {
  if (body === null || typeof body === 'string' || Buffer.isBuffer(body)) return { headers, body };
  const length = body.reduce((sum, piece) => sum + piece.length, 0);
  if (length <= LARGE) return { headers, body: Buffer.concat(body, length) };
  return { headers: { ...headers, 'content-length': `${length}` }, body: Readable.from(body) };
}

/** The code alone: an error's text may hold addresses, and its fields the request. */
function codeOf(error: Error): string {
  const of = (e: unknown) => (e instanceof Error && 'code' in e && typeof e.code === 'string' ? e.code : null);
  return of(error) ?? of(error.cause) ?? error.name;
}

// Spans for those who have OpenTelemetry in their process. Without it nothing is loaded, and a span costs a look.
import type { Span, SpanKind } from '@opentelemetry/api';

type Api = typeof import('@opentelemetry/api');

/** Where an SDK that is started stands: all copies of the API in a process share it. */
const GLOBAL = Symbol.for('opentelemetry.js.api.1');

const hasSdk = (): boolean => (globalThis as { [GLOBAL]?: { trace?: unknown } })[GLOBAL]?.trace !== undefined;

let loading: Promise<Api | null> | null = null;

/** A name in a variable is left alone by bundlers: most applications do not have this package, and it is not for ours to bring it. */
const NAME: string = '@opentelemetry/api';

/** Null when the package is not there, though somebody's copy of it is. */
const api = (): Promise<Api | null> =>
  (loading ??= (import(/* webpackIgnore: true */ NAME) as Promise<Api>).catch(() => null));

export type Traced = {
  kind: 'client' | 'server' | 'producer';
  /** Nothing that names a person: ids, classes, providers. */
  attributes?: Record<string, string | number>;
};

/** What work tells of itself while it goes on. */
export type Note = { set(name: string, value: string | number): void; fail(words: string): void };

const NOBODY: Note = { set() {}, fail() {} };

/** Does the work within a span that is a part of what goes on in the application at the moment, where anybody traces that. */
export async function traced<T>(name: string, how: Traced, work: (note: Note) => Promise<T>): Promise<T> {
  const loaded = hasSdk() ? await api() : null;
  if (loaded === null) return work(NOBODY);
  const { trace, SpanKind, SpanStatusCode } = loaded;
  const kind: SpanKind = { client: SpanKind.CLIENT, server: SpanKind.SERVER, producer: SpanKind.PRODUCER }[how.kind];
  const options = { kind, attributes: how.attributes ?? {} };
  return trace.getTracer('homing').startActiveSpan(name, options, async (span: Span) => {
    const fail = (message: string) => span.setStatus({ code: SpanStatusCode.ERROR, message });
    try {
      return await work({ set: (key, value) => span.setAttribute(key, value), fail });
    } catch (error) {
      // The words of an error may name an address.
      fail(error instanceof Error ? error.name : 'error');
      throw error;
    } finally {
      span.end();
    }
  });
}

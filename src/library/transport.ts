import type { Clock } from '../core/time.ts';
import type { OutboxSink } from './outbox.ts';
import type { Recorder } from './recorder.ts';
import type { Problem, TransporterLike, TransportOptions } from './types.ts';

export type TransportDeps = TransportOptions & {
  recorder: () => Recorder;
  outbox: () => OutboxSink | null;
  now: Clock;
  onProblem(problem: Problem): void;
};

export function wrapTransport<T extends TransporterLike>(transporter: T, deps: TransportDeps): T {
  void deps;
  return transporter;
}

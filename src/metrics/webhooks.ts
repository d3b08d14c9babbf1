import type { RequestListener, ServerResponse } from 'node:http';
import { traced } from '../base/tracing.ts';
import { type Clock, SECOND } from '../core/time.ts';
import type { Tally } from './tally.ts';

type Watch = {
  tally: Tally;
  monotonic: Clock;
  /** Whose webhooks come by which path; of those that share one, the first. */
  webhooks: ReadonlyMap<string, string>;
};

/** The same listener, with webhooks timed and traced; all other requests pass it as they are. */
export function watchingWebhooks(serve: RequestListener, watch: Watch): RequestListener {
  for (const provider of watch.webhooks.values())
    for (const answer of ['kept', 'refused', 'later', 'cut']) watch.tally.start('webhook_seconds', [provider, answer]);
  return (request, response) => {
    const provider = watch.webhooks.get((request.url ?? '').split('?', 1)[0] ?? '');
    if (provider === undefined) return serve(request, response);
    const attributes = { 'homing.provider': provider };
    void traced('homing.webhook', { kind: 'server', attributes }, async (note) => {
      const began = watch.monotonic();
      const ended = over(response);
      serve(request, response);
      await ended;
      const answer = answerIn(response);
      watch.tally.time('webhook_seconds', [provider, answer], (watch.monotonic() - began) / SECOND);
      note.set('homing.answer', answer);
      note.set('http.response.status_code', response.statusCode);
      if (answer !== 'kept') note.fail(answer);
    });
  };
}

const over = (response: ServerResponse): Promise<void> =>
  new Promise((resolve) => response.on('close', () => resolve()));

function answerIn({ writableFinished, statusCode }: ServerResponse): 'kept' | 'refused' | 'later' | 'cut' {
  if (!writableFinished) return 'cut';
  return statusCode < 300 ? 'kept' : statusCode < 500 ? 'refused' : 'later';
}

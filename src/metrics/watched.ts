import { traced } from '../base/tracing.ts';
import type { Answer } from '../core/answer.ts';
import { type Clock, SECOND } from '../core/time.ts';
import type { Outgoing, Provider } from '../providers/provider.ts';
import type { Tally } from './tally.ts';

type Watch = { tally: Tally; monotonic: Clock };

/** The same provider, with each of its hand-overs timed and traced. */
export function watched(provider: Provider, watch: Watch): Provider {
  for (const answer of ['accepted', 'refused', 'unanswered'])
    watch.tally.start('hand_over_seconds', [provider.name, answer]);
  const { handOver, handOverToAll } = provider;
  const timed = during(provider.name, watch);
  return {
    ...provider,
    handOver: (mail, until) => timed(mail, 1, () => handOver(mail, until)),
    ...(handOverToAll
      ? { handOverToAll: (mail, to, until) => timed(mail, to.length, () => handOverToAll(mail, to, until)) }
      : {}),
  };
}

type Call<A> = () => Promise<A>;

const during =
  (provider: string, { tally, monotonic }: Watch) =>
  <A extends Answer | null>({ messageId, deliveryId, attempt }: Outgoing, recipients: number, call: Call<A>) => {
    const attributes = {
      ...{ 'homing.provider': provider, 'homing.message': messageId, 'homing.delivery': deliveryId },
      ...{ 'homing.attempt': attempt, 'homing.recipients': recipients },
    };
    return traced('homing.hand_over', { kind: 'client', attributes }, async (note): Promise<A> => {
      const began = monotonic();
      const answer = await call();
      if (answer === null) return answer;
      tally.time('hand_over_seconds', [provider, answer.kind], (monotonic() - began) / SECOND);
      note.set('homing.answer', answer.kind);
      if (answer.kind !== 'accepted') note.fail(answer.kind);
      return answer;
    });
  };

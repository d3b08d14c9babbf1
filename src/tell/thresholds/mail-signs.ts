import type { Heap } from '../../base/heap.ts';
import { recipientDomain } from '../../core/figures/place.ts';
import { signsOf } from '../../core/thresholds/signs.ts';
import type { Clock } from '../../core/time.ts';
import type { Turn } from '../../core/turn.ts';
import type { Store } from '../../store/db/open.ts';
import { addMailSigns, type MailSign } from '../../store/thresholds/mail-signs.ts';

/** What commits have told of mail, to be counted. */
export const mailSignsIn = (turns: readonly Turn[]): MailSign[] =>
  turns.flatMap((turn) => {
    const signs = signsOf(turn);
    const { domain, class: name, receiver } = turn;
    return signs === null ? [] : [{ domain, class: name, receiver: recipientDomain(`@${receiver}`), signs }];
  });

export type SignsInside = { store: Store; mailSigns: Pick<Heap<MailSign>, 'take'>; now: Clock };

/** Writes down what this process saw. What is lost with it are a few seconds of figures. */
export const countMailSigns = ({ store, mailSigns, now }: SignsInside): Promise<void> =>
  addMailSigns(store, mailSigns.take(), now());

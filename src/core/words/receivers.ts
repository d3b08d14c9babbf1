import { type PutOff, receiversWithin } from '../receivers.ts';
import { safeLine } from '../safe-text.ts';
import type { Ms } from '../time.ts';
import { lengthWords } from './numbers.ts';

/** `gmail.com put off 40 of 42 mails within 15 min`, of mail that a provider accepted. */
export function putOffWords({ of, name, arrived, putOff }: PutOff, window: Ms): string {
  const all = `${putOff} of ${putOff + arrived}`;
  const within = `within ${lengthWords(receiversWithin(window))}`;
  return of === 'class'
    ? `${all} ${name} mails were put off ${within}`
    : `${safeLine(name)} put off ${all} mails ${within}`;
}

// What people who wait for mail are told, where no operator is there to ask: plain words, fit for a banner.
import { CLASSES, type MessageClass } from '../message-class.ts';
import { HOUR, MINUTE, type Ms } from '../time.ts';
import type { Shown } from '../timeliness.ts';

const MAIL: Record<MessageClass, string> = {
  access: 'Reset emails',
  notice: 'Receipts and notices',
  bulk: 'Newsletters and other emails',
};

type Words = { [State in Shown['state']]: (mail: string, delay: Ms | null) => string };

const WORDS: Words = {
  on_time: (mail) => `${mail} are on time.`,
  quiet: (mail) => `${mail} are not waiting. None were sent in the last 15 minutes.`,
  delayed: (mail, delay) => `${mail} are delayed right now. New requests may take up to ${inWords(roughly(delay))}.`,
  backup: (mail) => `${mail} go out by our backup route right now. They may take a little longer.`,
  down: (mail) => `${mail} are not going out right now. Please try again later.`,
};

/** One class in a sentence or two. */
export const classSentence = (name: MessageClass, { state, delay }: Shown): string => WORDS[state](MAIL[name], delay);

/** All of them: which kinds of mail are affected, and nothing of the others. */
export function overallSentence(shown: Readonly<Record<MessageClass, Shown>>): string {
  const states = new Set(CLASSES.map((name) => shown[name].state));
  const longest = Math.max(...CLASSES.map((name) => shown[name].delay ?? 0));
  const [only] = states;
  if (states.size === 1 && only !== undefined) return WORDS[only]('Emails', longest);
  const affected = CLASSES.filter((name) => !FINE.has(shown[name].state));
  if (affected.length === 0) return WORDS.on_time('Emails', null);
  return affected.map((name) => classSentence(name, shown[name])).join(' ');
}

const FINE: ReadonlySet<Shown['state']> = new Set(['on_time', 'quiet']);

/** The time that the sentence says new mail may take; null where it says none. */
export const saidDelay = ({ state, delay }: Shown): Ms | null => (state === 'delayed' ? roughly(delay) : null);

/** A round length that is not exceeded, in minutes or in hours. */
function roughly(delay: Ms | null): Ms {
  const minutes = ROUND.find((one) => one * MINUTE >= (delay ?? 0));
  return minutes === undefined ? Math.ceil((delay ?? 0) / HOUR) * HOUR : minutes * MINUTE;
}

const ROUND = [2, 5, 10, 15, 20, 30, 45];

/** As people say it: `5 minutes`, `2 hours`. */
function inWords(length: Ms): string {
  if (length < HOUR) return `${length / MINUTE} minutes`;
  return length === HOUR ? '1 hour' : `${length / HOUR} hours`;
}

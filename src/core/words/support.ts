// What those who answer for mail are told: words that they can read to the person who asks.
import type { Attempt, Outcome, State } from '../delivery.ts';
import { type Reason, refusedFor } from '../reason.ts';
import type { Deed, NextTry } from '../support.ts';
import { DAY, type Ms } from '../time.ts';
import type { SuppressionCause } from '../verdict.ts';
import { counted, lengthWords, timeWords } from './numbers.ts';
import { reasonWords } from './reasons.ts';

/** What the state of a mail does not prove. */
export const NO_PROOF: Readonly<Record<State, string>> = {
  queued: 'This does not say when it arrives: the next try may fail too.',
  sending: 'This does not prove that the provider takes it.',
  unconfirmed: 'This does not prove that it is lost: it may be there.',
  accepted: 'This does not prove that it is there: the provider has not said so yet.',
  deferred: 'This does not prove that it is lost: it may still come.',
  delivered:
    'This does not prove that it is in the inbox: the server may have put it in the spam folder, or dropped it.',
  relayed: 'This does not prove that it is there: the server that took it does not tell.',
  failed: 'This does not prove that the next mail fails too.',
  abandoned: 'This does not prove that no copy is there: the news of one may be lost.',
  expired: 'This does not prove that no copy is there: the news of one may be lost.',
  cancelled: 'This does not prove that no copy is there: one that had left can not be taken back.',
};

/** What came of the last try. */
export function lastTryWords({ failure, answer, outcome }: Pick<Attempt, 'failure' | 'answer' | 'outcome'>): string {
  if (failure) return troubleWords(failure.verdict?.cause ?? 'failed');
  return answer?.kind === 'refused' ? troubleWords(refusedFor(answer.why)) : OUTCOMES[outcome];
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  sending: 'It is on its way to the provider.',
  refused: 'The provider did not take it.',
  unconfirmed: 'It may or may not have gone out.',
  accepted: 'The provider took it.',
  deferred: "The recipient's server put it off.",
  failed: 'It did not arrive.',
  arrived: "The recipient's server took it.",
};

export const troubleWords = (reason: Reason): string => `What went wrong: ${reasonWords(reason)}.`;

/** The mail that something is done to, and for whom. */
export type Target = { message: string; recipient: string };

/** What can be done: in words, by a command, by a call of the API. */
type DeedWords = {
  sentence: string;
  command?: (target: Target) => string;
  call?: (target: Target) => string;
  /** Whether the call takes `{ recipient }`, and then is for this person alone. */
  forOne?: true;
};

/** As a shell takes it for one word, whatever stands in it. */
export const quoted = (word: string): string =>
  /^[\w.@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;

const ofMessage =
  (what: string) =>
  ({ message }: Target): string =>
    `POST /api/messages/${message}/${what}`;

export const DEED_WORDS: Readonly<Record<Deed, DeedWords>> = {
  wait: { sentence: 'Ask the person to wait.' },
  check_spam: { sentence: 'Ask the person to look in the spam folder too, and in the rules of the mailbox.' },
  check_address: { sentence: 'Check the address with the person, and mend it where it is wrong.' },
  make_room: { sentence: 'Ask the person to make room in the mailbox.' },
  other_way: { sentence: 'Reach the person in some other way.' },
  new_mail: { sentence: 'Have a new mail sent, if the person still needs it.' },
  tell_operator: { sentence: 'Tell whoever runs Homing: what is wrong can be mended on our side.' },
  unsuppress: {
    sentence: 'Take the address off the list, where that is right.',
    command: ({ recipient }) => `homing suppressions remove ${quoted(recipient)}`,
    call: ({ recipient }) => `DELETE /api/suppressions/${encodeURIComponent(recipient)}`,
  },
  resend: {
    sentence: 'Have it sent again. Ten clicks make one mail.',
    call: ofMessage('resend'),
    forOne: true,
  },
  retry: {
    sentence: 'Have it tried again, with as many tries as a new mail.',
    command: ({ message, recipient }) => `homing retry ${message} --recipient ${quoted(recipient)}`,
    call: ofMessage('retry'),
    forOne: true,
  },
  cancel: {
    sentence: 'Stop it, if it is not needed any more.',
    command: ({ message, recipient }) => `homing cancel ${message} --recipient ${quoted(recipient)}`,
    call: ofMessage('cancel'),
    forOne: true,
  },
};

/** What becomes of it next, if something does. */
export function nextTryWords(next: NextTry | null, providerName: string | null, now: Ms): string {
  if (next === null) return 'No new try is planned.';
  const { by, at } = next;
  if (by === 'provider') {
    const who = `Next ${providerName ?? 'the provider'} tries`;
    return at === null ? `${who}, and does not say when.` : `${who}, at ${timeWords(at)}.`;
  }
  const who = `Homing tries${providerName === null ? '' : ` through ${providerName}, as things stand`}`;
  if (at === null) return `${who}.`;
  return at > now ? `${who}: it is due at ${timeWords(at)}.` : `${who}: it is due since ${timeWords(at)}.`;
}

/** `4 min ago`, `in 2 h`. */
export function agoWords(at: Ms, now: Ms): string {
  if (at === now) return 'now';
  return at < now ? `${lengthWords(now - at)} ago` : `in ${lengthWords(at - now)}`;
}

/** Why nothing is sent to an address. */
export function suppressionWords(cause: SuppressionCause): string {
  switch (cause) {
    case 'complained':
      return 'Homing sends no mail to this address: the person said that a mail was spam.';
    case 'unsubscribed':
      return 'Homing sends no mail to this address: the person wants no more of it.';
    case 'operator':
      return 'Homing sends no mail to this address: an operator put it on the list.';
    default:
      return `Homing sends no mail to this address: ${reasonWords(cause)}.`;
  }
}

/** When it is right to take the address off the list. */
export function undoWords(cause: SuppressionCause): string {
  switch (cause) {
    case 'complained':
    case 'unsubscribed':
      return 'Take it off only if the person asks for mail again.';
    case 'operator':
      return 'Ask that operator first, then take it off.';
    default:
      return 'Take it off if the person says that the address works.';
  }
}

/** Of how much history something can be said. */
export type Known = {
  /** When the oldest message was made that is kept; null when there is none. */
  since: Ms | null;
  /** How long finished messages are kept; null where that is not known. */
  kept: Ms | null;
};

export const nothingRecorded = (address: string): string => `No mail to ${address} is on record.`;

/** What it means that nothing is recorded of an address, and what not. */
export function noRecordProof({ since, kept }: Known): string {
  const from = since === null ? 'has no mail on record yet' : `has mail on record from ${timeWords(since)} on`;
  const gone = kept === null ? 'Old mail is deleted.' : `Mail that is done is kept for ${counted(kept / DAY, 'day')}.`;
  return `This does not prove that none was sent. Homing ${from}, and knows only what went through it or was told to it. ${gone}`;
}

export const erasedWords = (at: Ms): string => `This person was erased on ${timeWords(at)}: all mail before is gone.`;

import { type Ms, SECOND } from '../../core/time.ts';
import { lengthWords, timeWords } from '../../core/words/numbers.ts';
/** What the probe saw; null for what it could not see. */
export type Seen = {
  domain: string;
  sentAt: Ms;
  /** Message-Ids without angle brackets: the one we asked for, and the one that Mailgun answered with. */
  askedId: string;
  firstId: string | null;
  acceptedAt: Ms;
  /** Events of the first copy carry our variable. */
  variables: boolean;
  storageHost: string;
  storageKey: string | null;
  repost: {
    /** The answer to a re-post with a delivery time, and, when that was refused, to one without. */
    withTime: 'accepted' | 'refused' | 'unanswered';
    withoutTime: 'accepted' | 'refused' | 'unanswered' | null;
    detail: string;
    id: string | null;
    deliverAt: Ms;
    at: Ms;
  };
  /** What the events of the second copy say. */
  second: { id: string | null; variables: boolean; storageKey: string | null; outAt: Ms | null; report: string } | null;
};

export type Conclusion = {
  deliveryTime: 'honoured' | 'ignored' | 'refused' | 'unclear';
  messageId: 'kept' | 'new' | 'unclear';
  ownMessageId: boolean;
  variables: boolean;
  variablesKept: boolean | null;
  storageKey: 'kept' | 'new' | 'unclear';
  recommendation: string;
};

export function conclude(seen: Seen): Conclusion {
  const { repost, second } = seen;
  const id = second?.id ?? repost.id;
  const deliveryTime = timing(seen);
  return {
    deliveryTime,
    messageId: id === null || seen.firstId === null ? 'unclear' : id === seen.firstId ? 'kept' : 'new',
    ownMessageId: seen.firstId === seen.askedId,
    variables: seen.variables,
    variablesKept: second?.variables ?? null,
    storageKey:
      second?.storageKey == null || seen.storageKey === null
        ? 'unclear'
        : second.storageKey === seen.storageKey
          ? 'kept'
          : 'new',
    recommendation: `RETRY_SCHEDULE=${SCHEDULE[deliveryTime]}`,
  };
}

const SCHEDULE = { honoured: 'mailgun', ignored: 'local', refused: 'local', unclear: 'auto' } as const;

/** The delivery time has whole seconds, and Mailgun's nodes differ a little: a tenth of the wait is allowed. */
function timing({ repost, second }: Seen): Conclusion['deliveryTime'] {
  if (repost.withTime === 'refused') return repost.withoutTime === 'accepted' ? 'refused' : 'unclear';
  if (repost.withTime !== 'accepted' || second?.outAt == null) return 'unclear';
  const allowed = Math.max(1.5 * SECOND, (repost.deliverAt - repost.at) / 10);
  return second.outAt < repost.deliverAt - allowed ? 'ignored' : 'honoured';
}

export function whyLocal(seen: Seen, { deliveryTime }: Conclusion): string | null {
  const { repost, second } = seen;
  if (deliveryTime === 'refused') return `the probe's re-post with a delivery time was refused (${repost.detail})`;
  if (deliveryTime !== 'ignored' || second?.outAt == null) return null;
  return `the probe's re-post went out at ${timeWords(second.outAt)}, before its time ${timeWords(repost.deliverAt)}`;
}

/** The table: what was asked, and what came out. */
export function tableOf(seen: Seen, c: Conclusion): [string, string][] {
  const { repost, second } = seen;
  const yes = (answer: boolean | null) => (answer === null ? 'unclear' : answer ? 'yes' : 'no');
  const out = second?.outAt == null ? 'it was not seen to go out' : `${second.report} at ${timeWords(second.outAt)}`;
  return [
    ['first send', `accepted; Mailgun told of it after ${lengthWords(Math.max(0, seen.acceptedAt - seen.sentAt))}`],
    ['h:Message-Id becomes the id', yes(c.ownMessageId)],
    ['v: variable in the events', yes(c.variables)],
    ['storage host', seen.storageHost],
    ['re-post with a delivery time', `${repost.withTime} (${repost.detail})`],
    ...(repost.withoutTime === null ? [] : [['re-post without one', repost.withoutTime] as [string, string]]),
    ['asked to go out at', timeWords(repost.deliverAt)],
    ['went out', out],
    ['delivery time', c.deliveryTime],
    ['id of the re-post', c.messageId],
    ['v: variable kept', yes(c.variablesKept)],
    ['storage key of the re-post', c.storageKey],
  ];
}

export const ADVICE: Record<Conclusion['deliveryTime'], string> = {
  honoured: 'Mailgun keeps to the delivery time of a re-post: the waits of retries can be handed to it.',
  ignored: 'Mailgun sends a re-post at once, whatever delivery time it is given: the waits must be kept here.',
  refused: 'Mailgun refuses a re-post with a delivery time, and takes one without: the waits must be kept here.',
  unclear: 'What Mailgun does with the delivery time of a re-post could not be seen; the daemon will go on watching.',
};

import type { MessageClass } from '../../core/message-class.ts';
import type { Clock } from '../../core/time.ts';
import type { Phase, Sent } from '../judge/seen.ts';
import { queueMail } from './application.ts';
import type { Cast } from './cast.ts';

/** Of five mails. */
const MIX: readonly MessageClass[] = ['access', 'notice', 'access', 'bulk', 'notice'];
const SUBJECTS: Record<MessageClass, string> = { access: 'Your code', notice: 'Your receipt', bulk: 'Our news' };
/** Mail that vanishes has to go to several domains before it says something of the provider. */
const DOMAINS = 7;

type Turn = { n: number; phase: Phase; isTraced: boolean; now: Clock };

/** Queues the mail whose turn it is. */
export async function sendOne(cast: Cast, { n, phase, isTraced, now }: Turn): Promise<Sent> {
  const kind = isTraced ? 'access' : (MIX[n % MIX.length] ?? 'notice');
  const to = cast.recipients
    ? (cast.recipients[n % cast.recipients.length] ?? '')
    : `person${n}@r${n % DOMAINS}.example`;
  const subject = `${isTraced ? 'Reset your password' : SUBJECTS[kind]} (drill, mail ${n + 1})`;
  const at = now();
  const { messageId, took } = await queueMail(cast, { to, class: kind, subject });
  return { messageId, to, class: kind, phase, isTraced, at, took };
}

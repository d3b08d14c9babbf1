import { BLOCKED_IP, BLOCKED_IP_LISTED, NO_SUCH_USER, type Outcome } from '../sim/fates.ts';
import type { SmtpReply } from '../sim/sink.ts';
import type { Mail } from './application.ts';
import { GREYLISTED } from './outcomes.ts';

export type Fate = {
  name: string;
  /** Out of a hundred mails. */
  share: number;
  class?: 'access';
  script: Outcome | Outcome[];
  ends: string;
};

export const FATES: readonly Fate[] = [
  { name: 'delivered', share: 34, script: 'deliver', ends: 'delivered' },
  { name: 'lost-webhook', share: 10, script: 'deliver', ends: 'delivered' },
  { name: 'deferred', share: 10, script: { defer: GREYLISTED, next: 'deliver' }, ends: 'delivered' },
  { name: 'blocked-once', share: 18, script: [BLOCKED_IP_LISTED, 'deliver'], ends: 'delivered' },
  { name: 'blocked-twice', share: 4, script: [BLOCKED_IP, BLOCKED_IP, 'deliver'], ends: 'delivered' },
  { name: 'blocked', share: 8, script: BLOCKED_IP, ends: 'relayed' },
  { name: 'refused', share: 6, script: BLOCKED_IP, ends: 'abandoned' },
  { name: 'no-such-user', share: 8, script: NO_SUCH_USER, ends: 'failed' },
  { name: 'silent-access', share: 2, class: 'access', script: 'silence', ends: 'expired' },
];

export const fateOf = (recipient: string): Fate => {
  const fate = FATES.find((f) => recipient.startsWith(`${f.name}.`));
  if (!fate) throw new Error(`nobody knows the fate of ${recipient}`);
  return fate;
};

/** So many mails, the fates in their shares and evenly spread. */
export function mixOf(count: number): Mail[] {
  const hundred = FATES.flatMap((fate) => Array.from({ length: fate.share }, () => fate));
  return Array.from({ length: count }, (_, n) => {
    const fate = hundred[(n * 37) % hundred.length] ?? FATES[0];
    return { recipient: `${fate?.name}.${n}@there.example`, ...(fate?.class ? { class: fate.class } : {}) };
  });
}

export const refuseSome = (recipient: string): SmtpReply | null =>
  recipient.startsWith('refused.') ? { code: 550, message: '5.7.1 We take no mail from outside' } : null;

export const loseSome = (event: { event: string; recipient?: string }): boolean =>
  event.event === 'delivered' && (event.recipient ?? '').startsWith('lost-webhook.');

import type { State } from '../../core/delivery.ts';
import { BLOCKED_IP, BLOCKED_IP_LISTED, NO_SUCH_USER, type Outcome } from '../sim/fates.ts';
import type { SmtpReply } from '../sim/sink.ts';

/** One mail of the demo: whom it is for, what happens to it at the far end, and how it has to end. */
export type Part = {
  name: string;
  recipient: string;
  subject: string;
  class: 'access' | 'notice';
  tells: string;
  fate: Outcome | Outcome[];
  /** Mailgun's `delivered` webhook of this mail gets lost on the way. */
  losesWebhook?: boolean;
  /** What the secondary says to this recipient; null: it takes the mail. */
  secondary?: SmtpReply;
  ends: State;
  /** Hand-overs that it has to take, the fallback included. */
  attempts: number;
};

export const DOMAIN = 'mail.example.com';

export const STORY: readonly Part[] = [
  {
    name: 'Anna',
    recipient: 'anna@inbox.example',
    subject: 'Reset your password',
    class: 'access',
    tells: 'a password reset that arrives at once',
    fate: 'deliver',
    ends: 'delivered',
    attempts: 1,
  },
  {
    name: 'Bela',
    recipient: 'bela@inbox.example',
    subject: 'Your receipt',
    class: 'notice',
    tells: 'blocked for the IP of the shared pool; the re-post leaves from another IP and arrives',
    fate: [BLOCKED_IP_LISTED, 'deliver'],
    ends: 'delivered',
    attempts: 2,
  },
  {
    name: 'Carla',
    recipient: 'carla@inbox.example',
    subject: 'Your receipt',
    class: 'notice',
    tells: 'there is no such mailbox: not tried again',
    fate: NO_SUCH_USER,
    ends: 'failed',
    attempts: 1,
  },
  {
    name: 'Dora',
    recipient: 'dora@stubborn.example',
    subject: 'Invoice 2026-118',
    class: 'notice',
    tells: 'blocked five times, then saved by the secondary SMTP provider',
    fate: BLOCKED_IP,
    ends: 'relayed',
    attempts: 6,
  },
  {
    name: 'Emil',
    recipient: 'emil@closed.example',
    subject: 'Invoice 2026-119',
    class: 'notice',
    tells: 'blocked five times, and the secondary is refused as well: given up, and the admins are told',
    fate: BLOCKED_IP,
    secondary: { code: 550, message: '5.7.1 We take no mail from outside' },
    ends: 'abandoned',
    attempts: 6,
  },
  {
    name: 'Fritz',
    recipient: 'fritz@inbox.example',
    subject: 'Welcome',
    class: 'notice',
    tells: 'it arrives, but the webhook that says so gets lost: found by polling',
    fate: 'deliver',
    losesWebhook: true,
    ends: 'delivered',
    attempts: 1,
  },
];

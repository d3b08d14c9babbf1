import { choice, duration, listOf } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import type { CodeRange } from '../core/plan.ts';
import { SECOND } from '../core/time.ts';

const codes = listOf((part): CodeRange | null => {
  const [, from, to = from] = /^(\d{3})(?:-(\d{3}))?$/.exec(part) ?? [];
  return from === undefined || Number(to) < Number(from) ? null : { from: Number(from), to: Number(to) };
}, 'must be a comma list of SMTP codes or ranges such as 500-554');

/** How what providers tell is taken. */
export const INBOX = room({
  title: 'Events and what they mean',
  settings: {
    RETRY_CODES: {
      kind: codes,
      default: '500-554',
      level: 'rarely',
      says: 'Comma list of SMTP codes and ranges from 500 on that may be retried at all; lower ones always may.',
    },
    RETRY_DECISIONS: {
      kind: choice('classifier', 'codes'),
      default: 'classifier',
      level: 'rarely',
      says: 'classifier: by what the reply means; codes: whatever RETRY_CODES allows, save bad mailboxes; no reply suppresses.',
    },
    ADOPT_UNKNOWN: {
      kind: choice('off', 'track', 'retry'),
      default: 'track',
      level: 'usual',
      says: 'Events of messages that nobody recorded: off, track, or retry them too.',
    },
    ADOPT_AFTER: {
      kind: duration,
      // An answer takes its time however short the retries are; longer than a hand-over's lease is never needed.
      follows: (unit, lease) => Math.max(Math.min(lease, 5 * SECOND), unit),
      level: 'rarely',
      says: "How long an event of a message that nobody recorded waits for the application's own record; when not set, RETRY_UNIT (1m at most).",
    },
  },
});

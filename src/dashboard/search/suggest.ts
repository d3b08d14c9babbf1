// What the list below the search box holds.
import { DateTime } from 'luxon';
import { STATES } from '../../core/delivery.ts';
import { CLASSES } from '../../core/message-class.ts';
import type { Ms } from '../../core/time.ts';
import { tokensIn, withValue } from './tokens.ts';

const CAUSES = ['mailbox_full', 'recipient_unknown', 'ip_block', 'spam_content', 'suppressed'];
/** Days before today that mail is often looked for from. */
const DAYS_AGO = [0, 1, 7];

type Around = { now: Ms; timezone: string; providers?: readonly string[] };

/** The search with one more thing said, for each that is often said; what can be said once takes the place of what is there. */
export function suggestionsFor(search: string, { now, timezone, providers = [] }: Around): string[] {
  const today = DateTime.fromMillis(now, { zone: timezone });
  const often: Record<string, readonly string[]> = {
    state: STATES,
    class: CLASSES,
    cause: CAUSES,
    provider: providers,
    after: DAYS_AGO.map((days) => today.minus({ days }).toFormat('yyyy-MM-dd')),
  };
  const { tokens } = tokensIn(search);
  return Object.entries(often).flatMap(([name, values]) => values.map((value) => withValue(tokens, name, value)));
}

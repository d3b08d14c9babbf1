import type { Ms } from '../../core/time.ts';
import type { Alert } from '../../store/alerts.ts';
import type { SummaryLetter } from '../summary/letter.ts';

/** One way to reach the administrators with an alert. Rejects when the alert did not get out. */
export type AlertChannel = {
  name: string;
  /** Says what went wrong for some of them, when others got it. */
  send(alert: Omit<Alert, 'claim'>): Promise<string[]>;
};

/** One way to post a summary to one administrator. Rejects when it was not taken. */
export type LetterChannel = { name: string; post(letter: AddressedLetter): Promise<void> };

/** The same `id` on each try, so that a letter that was posted twice is shown once. */
export type AddressedLetter = SummaryLetter & { to: string; id: string; date: Ms };

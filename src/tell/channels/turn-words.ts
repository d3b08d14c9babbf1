import { lengthWords, timeWords } from '../../core/words/numbers.ts';
import type { Notice } from './channel.ts';

/** Where an incident stands, for people who see the subject alone; null for one that begins. */
export function turnWords({ turn, startedAt, endedAt, createdAt }: Notice): string | null {
  switch (turn) {
    case 'opened':
      return null;
    case 'repeated':
      return `It goes on since ${timeWords(startedAt)}.`;
    case 'acknowledged':
      return 'Somebody has taken it.';
    case 'ended':
      return `It is over after ${lengthWords(Math.max(0, (endedAt ?? createdAt) - startedAt))}.`;
  }
}

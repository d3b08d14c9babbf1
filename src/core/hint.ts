import type { Ms } from './time.ts';

/** What somebody says of a provider, and what proves nothing: it is looked at more closely, and never left for that alone. */
export type Hint = {
  /** The same for all that is said of one incident. */
  name: string;
  says: string;
  /** When it was said, by the clock of whoever said it. */
  at: Ms;
  isOver: boolean;
};

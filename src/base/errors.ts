import { shortened } from '../core/safe-text.ts';

/** What a caller can act on, by kind. */
export type ErrorCode =
  | 'invalid'
  | 'unauthorized'
  | 'not_found'
  | 'conflict'
  | 'mismatch'
  | 'in_progress'
  | 'too_large'
  | 'unsupported'
  | 'unavailable';

/** Something that the caller can mend. `problems` names all that is wrong, and repeats no value. */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly problems: readonly string[];
  constructor(code: ErrorCode, message: string, problems: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.problems = problems;
  }
}

export const wordsOf = (error: unknown): string =>
  shortened(error instanceof Error ? error.message : String(error), 200);

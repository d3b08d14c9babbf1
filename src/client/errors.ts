/** What went wrong, for a program to decide by. */
export type HomingErrorCode =
  | 'invalid' // what was given is wrong, and will be wrong the next time
  | 'unauthorized' // the daemon does not know the token, or the database does not know the user
  | 'misconfigured' // what was reached is no Homing: another server, or a database without its tables
  | 'not_found' // the daemon does not send for this domain
  | 'conflict' // another message has this Message-Id
  | 'too_large'
  | 'unavailable' // the same may do later
  | 'closed'; // `close` was called before

/** The class stands in several builds (ES modules and CommonJS, in two packages), and is one to whoever asks `instanceof`. */
const BRAND = Symbol.for('homing.HomingError');

/** What the library fails with. A send through a wrapped client or transport fails as it does without the library. */
export class HomingError extends Error {
  override readonly name = 'HomingError';
  readonly code: HomingErrorCode;
  /** Each thing that is wrong, when there may be several. */
  readonly problems: readonly string[];

  constructor(code: HomingErrorCode, message: string, problems: readonly string[] = [], options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.problems = problems;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

/** Trouble as an error of ours. What is not known is trouble that may pass. */
export function homingErrorOf(error: unknown): HomingError {
  if (error instanceof HomingError) return error;
  return new HomingError('unavailable', `the store can not be used: ${codeOf(error)}`, [], { cause: error });
}

/** Trouble that stays until somebody mends a setting. */
export const isLasting = ({ code }: HomingError): boolean => code === 'unauthorized' || code === 'misconfigured';

/** A word for the trouble: the messages of a database repeat statements with their values. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown trouble';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

import type { HomingErrorCode } from './types.ts';

/**
 * There are several builds of this class (ES modules and CommonJS, in two packages). By this mark `instanceof` holds
 * for all of them.
 */
const BRAND = Symbol.for('homing.HomingError');

/**
 * The error that the library fails with. A send through a wrapped client or transport fails as it does without the
 * library.
 */
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

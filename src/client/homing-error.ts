import type { HomingErrorCode } from './types.ts';

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

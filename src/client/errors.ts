import { HomingError } from './homing-error.ts';

/** Makes a `HomingError` of any error. Unknown trouble counts as trouble that may pass. */
export function homingErrorOf(error: unknown): HomingError {
  if (error instanceof HomingError) return error;
  return new HomingError('unavailable', `the store can not be used: ${codeOf(error)}`, [], { cause: error });
}

/** Trouble that stays until somebody mends a setting. */
export const isLasting = ({ code }: HomingError): boolean => code === 'unauthorized' || code === 'misconfigured';

/** The code of an error, and not its message: the messages of a database repeat statements with their values. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown trouble';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

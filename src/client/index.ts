// The package homing-client.
export { createHoming, type HomingOptions } from './create.ts';
export { HomingError, type HomingErrorCode } from './errors.ts';
export type * from './types.ts';

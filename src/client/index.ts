// The package homing-client.
export { createHoming, type HomingOptions } from './create.ts';
export { HomingError } from './homing-error.ts';
export type * from './types.ts';

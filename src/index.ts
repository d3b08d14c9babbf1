// The package homing: the client, and the side of it that works on a database itself.
export { HomingError } from './client/homing-error.ts';
export type * from './client/types.ts';
export { createHoming } from './library/create.ts';
export type * from './library/types.ts';

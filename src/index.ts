// The package homing: the client, and the part of the library that works on a database.
export { HomingError } from './client/homing-error.ts';
export type * from './client/types.ts';
export { createHoming } from './library/create.ts';
export type * from './library/types.ts';

export { createHoming } from './client/homing.ts';
export type * from './client/types.ts';

export { createHoming } from './library/homing.ts';
export type * from './library/types.ts';

/** Milliseconds: a moment (since the epoch, UTC) or a length of time. */
export type Ms = number;

/** The time now. Production passes `Date.now`; tests pass a clock that they set. */
export type Clock = () => Ms;

export const SECOND: Ms = 1000;
export const MINUTE: Ms = 60 * SECOND;
export const HOUR: Ms = 60 * MINUTE;
export const DAY: Ms = 24 * HOUR;

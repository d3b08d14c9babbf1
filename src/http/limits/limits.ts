import { MINUTE, type Ms, SECOND } from '../../core/time.ts';

/**
 * What requests may take of this process at once, all of them together. Beyond it a sender is answered 413, 429 or 503,
 * and the connection ends.
 */
export type Limits = {
  /** Bytes of bodies that are being read or worked on. */
  memory: number;
  /** Connections that are open, of everybody and of one address. */
  connections: number;
  connectionsOfOne: number;
  /** How long the header of a request may take. */
  header: Ms;
  /** A body or an answer may take this long, and in addition the time that it needs at the least rate. */
  patience: Ms;
  /** Bytes a second. */
  leastRate: number;
  /** How long a connection is kept without a request. */
  idle: Ms;
  /** How often it is looked who is too slow. */
  look: Ms;
};

const MB = 1024 * 1024;

export const LIMITS: Limits = {
  memory: 64 * MB,
  connections: 2000,
  connectionsOfOne: 1000,
  header: 10 * SECOND,
  patience: 10 * SECOND,
  leastRate: 32 * 1024,
  // Longer than the 60 s of common proxies, so that they close an idle connection first and never send into a closed one.
  idle: 65 * SECOND,
  look: SECOND,
};

export const limitsOf = (settings: { HTTP_MEMORY: number; HTTP_CONNECTIONS: number }): Limits => ({
  ...LIMITS,
  memory: settings.HTTP_MEMORY * MB,
  connections: settings.HTTP_CONNECTIONS,
  connectionsOfOne: Math.ceil(settings.HTTP_CONNECTIONS / 2),
});

/** No request takes longer to arrive than the largest one at the least rate. */
export const LONGEST_REQUEST: Ms = 15 * MINUTE;

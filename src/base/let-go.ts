import { MessageChannel } from 'node:worker_threads';
import { movable } from './thread.ts';

const { port1: nowhere } = new MessageChannel();
nowhere.close();

/** Bytes. To let go of less takes longer than to leave it to the collector. */
const LEAST = 16 * 1024;

/**
 * Gives the memory of these bytes back at once, without a collection: they are moved to a port that nobody listens at. They
 * are gone then, for everybody who still has them. Nothing is done with bytes that share their memory with others.
 */
export function letGo(bytes: Uint8Array): void {
  if (bytes.length < LEAST) return;
  const moved = movable(bytes);
  if (moved.length > 0) nowhere.postMessage(null, moved);
}

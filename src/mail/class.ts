import { CLASSES, DEFAULT_CLASS, type MessageClass } from '../core/message-class.ts';

/** The class of a message, by what its sender says of it; null when that names no class. */
export function classOf(said: unknown): MessageClass | null {
  if (said === undefined || said === null) return DEFAULT_CLASS;
  return CLASSES.find((name) => name === said) ?? null;
}

import { CLASSES, type MessageClass } from '../../core/message-class.ts';

export type ClassStatus = { state: string; delaySeconds: number | null; sentence: string };

/** What `GET /api/status` tells. */
export type Status = { sentence: string; since: string | null; classes: Record<MessageClass, ClassStatus> };

const FINE: ReadonlySet<string> = new Set(['on_time', 'quiet']);

export const isFine = (status: Status, name: MessageClass): boolean => FINE.has(status.classes[name]?.state);

/** Whether it tells of no trouble. */
export const saysCalm = (status: Status): boolean =>
  status.since === null && CLASSES.every((name) => isFine(status, name));

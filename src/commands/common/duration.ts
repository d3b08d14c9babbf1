import { parseDuration } from '../../base/duration.ts';
import type { Ms } from '../../core/time.ts';
import { EXIT, Failed } from './terminal.ts';

/** A duration given as an option, in the form of the settings. */
export function durationIn(option: string, text: string): Ms {
  const ms = parseDuration(text);
  if (ms !== null && ms > 0) return ms;
  throw new Failed(`error: ${option} must be a duration such as 250ms, 30s or 4m`, EXIT.usage);
}

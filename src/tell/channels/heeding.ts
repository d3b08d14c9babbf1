import type { Clock, Ms } from '../../core/time.ts';
import { lengthWords } from '../../core/words/numbers.ts';
import { LONGEST_WAIT } from '../../providers/common/reply.ts';
import { NotTaken } from './call.ts';
import type { AlertChannel } from './channel.ts';

/** The channel, left alone for as long as it asks to be. What is sent meanwhile is refused here, and may go another way. */
export function heeding({ name, send }: AlertChannel, now: Clock): AlertChannel {
  let until: Ms = 0;
  return {
    name,
    async send(notice) {
      const wait = until - now();
      // A longer one is from before the clock was set back.
      if (wait > 0 && wait <= LONGEST_WAIT)
        throw new Error(`it asked to be left alone for another ${lengthWords(wait)}`);
      try {
        return await send(notice);
      } catch (error) {
        if (error instanceof NotTaken && error.retryAfter !== null) until = now() + error.retryAfter;
        throw error;
      }
    },
  };
}

import type { Ms } from '../core/time.ts';
import { inBackground } from './wait.ts';

/** Tells of a count at once, and then of what is counted within the `pause` between two tellings together. */
export function countedTogether(pause: Ms, tell: (count: number) => void): (count: number) => void {
  let counted = 0;
  let isPlanned = false;
  function tellCounted(): void {
    tell(counted);
    counted = 0;
    isPlanned = true;
    inBackground(pause, () => {
      isPlanned = false;
      if (counted > 0) tellCounted();
    });
  }
  return (count) => {
    counted += count;
    if (!isPlanned) tellCounted();
  };
}

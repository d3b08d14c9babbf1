import type { Ms } from '../../src/core/time.ts';
import type { Store } from '../../src/store/db/open.ts';
import type { SetClock } from './clock.ts';

/**
 * Lets five leases pass on the clock, half a lease at a time, each after the claim on a row of the table was renewed up to
 * the time that it is then: as long as somebody is at work on the row it stays theirs.
 */
export async function slowly(store: Store, table: string, clock: SetClock, lease: Ms): Promise<void> {
  for (let n = 0; n < 10; n++) {
    const until = clock.advance(lease / 2) + lease;
    await new Promise<void>((resolve) => {
      const seen = ({ sql, bindings }: { sql: string; bindings: readonly unknown[] }) => {
        if (!sql.startsWith('update') || !sql.includes(table) || !bindings.includes(until)) return;
        store.db.removeListener('query', seen);
        resolve();
      };
      store.db.on('query', seen);
    });
  }
}

import { newId } from '../base/ids.ts';
import type { HomeOf } from '../core/preference.ts';
import { restoredFacts } from '../core/restored.ts';
import type { Ms } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { transactOnce } from '../store/db/transact.ts';
import { openDeliveries } from '../store/ledger/due.ts';
import { change } from '../store/ledger/ledger.ts';
import { audited, auditIn } from '../store/notes/audit.ts';

const PAGE = 200;

/**
 * Has the provider asked about everything that is open before more of it is sent, because the database comes from a backup;
 * says how many deliveries that are. What would have begun at a provider that can't be asked is not sent again as long as
 * nobody knows more. Doing it twice asks once more.
 */
export async function doubtAll(store: Store, homeOf: HomeOf, who: string, now: Ms): Promise<number> {
  let doubted = 0;
  for (let after = ''; ; ) {
    const ids = await openDeliveries(store, after, PAGE);
    await change(store, ids, now, (view) => restoredFacts(view, homeOf(view), now));
    doubted += ids.length;
    after = ids.at(-1) ?? '';
    if (ids.length < PAGE) break;
  }
  const id = newId(now);
  const entry = { who, what: 'restored', subject: null, detail: `${doubted} deliveries` };
  await transactOnce(store, audited(id), (tx) => auditIn(tx, now, entry, id));
  return doubted;
}

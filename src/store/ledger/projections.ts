import { rollup } from '../figures/rollup.ts';
import { alertItems } from '../projections/alert-items.ts';
import { bodies } from '../projections/bodies.ts';
import { reposts } from '../projections/reposts.ts';
import { suppressions } from '../projections/suppressions.ts';
import { verdicts } from '../projections/verdicts.ts';
import type { Projection } from '../rows/projection.ts';

/**
 * All that follows from how deliveries move. A new one needs a file of its own and a line here, and nothing else.
 *
 * None of them reads what another writes, so any order gives the same rows. The order is nevertheless the same in every
 * change, so that two changes lock the tables in one order and do not wait for each other in a circle. The figures come
 * last, because their row is the largest and nobody else waits for it.
 */
export const PROJECTIONS: readonly Projection[] = [bodies, suppressions, verdicts, reposts, alertItems, rollup];

import { rollup } from '../figures/rollup.ts';
import { alertItems } from '../projections/alert-items.ts';
import { answeredIds } from '../projections/answered-ids.ts';
import { bodies } from '../projections/bodies.ts';
import { events } from '../projections/events.ts';
import { mailDomains } from '../projections/mail-domains.ts';
import { reposts } from '../projections/reposts.ts';
import { searchTerms } from '../projections/search-terms.ts';
import { suppressions } from '../projections/suppressions.ts';
import { verdicts } from '../projections/verdicts.ts';
import type { Projection } from '../rows/projection.ts';

/** All projections. A new one needs a file of its own and a line here. */
export const PROJECTIONS: readonly Projection[] = [
  bodies,
  suppressions,
  verdicts,
  reposts,
  mailDomains,
  alertItems,
  answeredIds,
  searchTerms,
  events,
  rollup,
];

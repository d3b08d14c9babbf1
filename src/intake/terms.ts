import type { Settings } from '../core/settings.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../core/time.ts';
import type { Store } from '../store/db/open.ts';
import { cursor, setCursor } from '../store/notes/cursors.ts';

/** The settings that a message is taken in by. */
export type BirthSettings = Pick<Settings, 'policies' | 'lease' | 'outageWindow'>;

/** What a daemon goes by when it takes messages in. Applications that write into the database themselves use it too. */
export type Terms = BirthSettings & {
  /** The domains that it sends for; null where no daemon has said so. */
  domains: readonly string[] | null;
  /** The names of those whom it hands mail to, where a daemon has said so. */
  providers?: readonly string[];
  /** How long after a mail it can be sent again because a person asks for it; where a daemon has said so. */
  resendCooldown?: Ms;
};

const NAME = 'terms';

/**
 * Each daemon writes its terms into the database when it starts, so that applications that work on the database need no
 * settings of their own.
 */
export async function publishTerms(store: Store, terms: Terms, now: Ms): Promise<void> {
  const { policies, lease, outageWindow, domains, providers, resendCooldown } = terms;
  const said = {
    ...{ policies, lease, outageWindow, domains },
    ...(providers ? { providers } : {}),
    ...(resendCooldown === undefined ? {} : { resendCooldown }),
  } satisfies Terms;
  await setCursor(store, NAME, JSON.stringify(said), now);
}

/** The terms that the last daemon wrote; the defaults if there was none yet. */
export async function termsIn(store: Store): Promise<Terms> {
  const published = await cursor(store, NAME);
  const terms = published ? (JSON.parse(published.value) as Partial<Terms>) : {};
  // A daemon of another version may know fewer policies than we do.
  return { ...DEFAULTS, ...terms, policies: { ...DEFAULTS.policies, ...terms.policies } };
}

/** The values when nothing is set. A test compares them with the declared defaults. */
const DEFAULTS: Terms = {
  policies: {
    base: 4,
    unit: MINUTE,
    spread: 0.1,
    maxAttempts: 5,
    usefulLife: { access: 15 * MINUTE, notice: DAY, bulk: 3 * DAY },
    accessWaits: [30 * SECOND, MINUTE],
    accessAttempts: 2,
    accessFallbackAfter: 90 * SECOND,
    accessDuplicates: false,
    bulkFallback: false,
    silenceAfter: 8 * HOUR,
    classes: { rules: [], policies: {} },
  },
  lease: MINUTE,
  outageWindow: MINUTE,
  domains: null,
};

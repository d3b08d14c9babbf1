import { count, length, listOf, readAs } from '../base/kinds.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { canonicalAddress } from '../core/address.ts';
import type { OutageRules } from '../core/signs.ts';
import { SECOND } from '../core/time.ts';

/** `secret`, or with the provider that the page is about: `sendgrid:secret`. */
function readPage(part: string): { provider: string; secret: string } | null {
  const [, provider = 'mailgun', secret = ''] = /^(?:([^\s/]+):)?([\w-]+)$/.exec(part) ?? [];
  return secret.length >= SHORTEST ? { provider, secret } : null;
}

/** It stands in a URL, and whoever knows it can have a provider probed. */
const SHORTEST = 16;

const STEPS = 'must be a comma list of percentages that grow and end with 100, such as 1,5,25,100';

/** Of a hundred mails, step by step. */
const steps = listOf((part) => (/^(?:[1-9]\d?|100)$/.test(part) ? Number(part) : null), STEPS).refine(
  (all) => all.at(-1) === 100 && all.every((one, n) => n === 0 || one > (all[n - 1] ?? 0)),
  STEPS,
);

/** `50%`, `0.5`; more than nothing, and all at most. */
const part = readAs((text) => {
  const [, number, percent] = /^(\d{1,3}(?:\.\d+)?)(%?)$/.exec(text) ?? [];
  const value = Number(number) / (percent ? 100 : 1);
  return value >= 0.01 && value <= 1 ? value : null;
}, 'must be a share from 1% to 100%');

export const OUTAGE = room({
  title: 'Outages',
  settings: {
    OUTAGE_WINDOW: {
      kind: length,
      follows: (unit) => Math.max(unit, 5 * SECOND),
      level: 'rarely',
      says: 'For how long it counts how a hand-over to a provider ended; when not set, RETRY_UNIT (of at most 1m, and at least 5s).',
    },
    OUTAGE_LEAST: {
      kind: count(1, 1000),
      default: '5',
      level: 'rarely',
      says: 'So many hand-overs have to fail within OUTAGE_WINDOW before a provider is taken to be down, and of accepted mail twice as many have to be unheard of.',
    },
    OUTAGE_SHARE: {
      kind: part,
      default: '50%',
      level: 'rarely',
      says: 'And they have to be this share of all; half of it is enough where other signs speak against the provider.',
    },
    OUTAGE_SILENCE: {
      kind: length,
      follows: (unit) => 3 * Math.max(unit, 5 * SECOND),
      level: 'rarely',
      says: 'Within how long it is noticed that mail is accepted and not heard of any more: what was accepted half of it ago counts. When not set, three times RETRY_UNIT (of at most 1m, and at least 5s).',
    },
    OUTAGE_STEADY: {
      kind: length,
      follows: (unit) => 10 * unit,
      level: 'rarely',
      says: 'How long a provider that was down must look normal before mail comes back to it; when not set, ten times RETRY_UNIT (of at most 1m).',
    },
    OUTAGE_CANARY: {
      kind: steps,
      default: '1,5,25,100',
      level: 'rarely',
      says: 'Of a hundred mails so many are handed to a provider that comes back, step by step; each step holds for a fifth of OUTAGE_STEADY.',
    },
    OUTAGE_PATIENCE: {
      kind: length,
      follows: (unit) => 60 * unit,
      level: 'rarely',
      says: 'How long a notice waits for a provider that is down before it leaves through another; access mail leaves at once, and bulk mail waits. When not set, sixty times RETRY_UNIT (of at most 1m).',
    },
    OUTAGE_PROBE_FROM: {
      kind: readAs((text) => canonicalAddress(text), 'must be an address such as homing@mg.example.com'),
      level: 'rarely',
      says: 'Address, of a domain that is sent from, for mail in test mode by which a Mailgun that was down is tried out before real mail comes back: a few in an outage, from it and to it, which nobody gets and Mailgun charges for. When not set, Mailgun is asked and no mail is sent.',
    },
    STATUSPAGE_SECRETS: {
      kind: listOf(
        readPage,
        `must be a comma list of secrets of ${SHORTEST} letters, digits, - and _ or more, each with its provider unless that is Mailgun: secret,sendgrid:secret`,
      ),
      hides: 'all',
      default: '',
      level: 'rarely',
      says: "Secrets of the addresses that status pages (Atlassian Statuspage, as Mailgun's is) may post to, /webhooks/statuspage/<secret>: a comma list, each with the provider that the page is about unless that is Mailgun, as in secret,sendgrid:secret. Mailgun's own alerts may come to /webhooks/mailgun-alerts/<secret> as well, without their signature.",
    },
  },
});

export type OutageSettings = SettingsOf<typeof OUTAGE>;

export const rulesOf = (config: OutageSettings): OutageRules => ({
  window: config.OUTAGE_WINDOW,
  silence: config.OUTAGE_SILENCE,
  least: config.OUTAGE_LEAST,
  share: config.OUTAGE_SHARE,
  steady: config.OUTAGE_STEADY,
  canary: config.OUTAGE_CANARY,
});

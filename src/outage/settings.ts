import { length, listOf, readAs } from '../base/kinds.ts';
import { room } from '../base/setting.ts';
import { canonicalAddress } from '../core/address.ts';
import { SECOND } from '../core/time.ts';

/** `secret`, or with the provider that the page is about: `sendgrid:secret`. */
function readPage(part: string): { provider: string; secret: string } | null {
  const [, provider = 'mailgun', secret = ''] = /^(?:([^\s/]+):)?([\w-]+)$/.exec(part) ?? [];
  return secret.length >= SHORTEST ? { provider, secret } : null;
}

/** It stands in a URL, and whoever knows it can have a provider probed. */
const SHORTEST = 16;

export const OUTAGE = room({
  title: 'Outages',
  settings: {
    OUTAGE_WINDOW: {
      kind: length,
      follows: (unit) => Math.max(unit, 5 * SECOND),
      level: 'rarely',
      says: 'For how long it counts how a hand-over to a provider ended: half of at least five that failed within it mean that the provider is down; when not set, RETRY_UNIT (of at most 1m, and at least 5s).',
    },
    OUTAGE_STEADY: {
      kind: length,
      follows: (unit) => 10 * unit,
      level: 'rarely',
      says: 'How long a provider that was down must look normal before mail comes back to it, in steps of 1, 5, 25 and 100 of a hundred mails; when not set, ten times RETRY_UNIT (of at most 1m).',
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
      default: '',
      level: 'rarely',
      says: "Secrets of the addresses that status pages (Atlassian Statuspage, as Mailgun's is) may post to, /webhooks/statuspage/<secret>: a comma list, each with the provider that the page is about unless that is Mailgun, as in secret,sendgrid:secret.",
    },
  },
});

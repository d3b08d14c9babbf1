import { choice, length, listOf, plainCron, readAs, text } from '../base/kinds.ts';
import { room, type SettingsOf } from '../base/setting.ts';
import { canonicalAddress, canonicalDomain, domainOf } from '../core/address.ts';
import { FAULTS, GROUNDS } from '../core/drills.ts';
import { HOUR, type Ms, SECOND } from '../core/time.ts';

const domain = readAs((given) => canonicalDomain(given), 'must be a domain such as drill.example.com');

const addresses = listOf((part) => canonicalAddress(part), 'must be a comma list of addresses');

/** Whether a drill may have a fault that lasts so long. */
export const isDrillable = (lasts: Ms): boolean => lasts >= 5 * SECOND && lasts <= 12 * HOUR;
export const DRILLABLE = 'must be from 5s to 12h';

/** What another room reads. */
type OfOthers = { MAILGUN_DOMAIN?: readonly { domain: string }[] };

export const DRILL = room({
  title: 'Drills',
  settings: {
    DRILL_CRON: {
      kind: plainCron,
      level: 'rarely',
      needs: 'DRILL_AGAINST',
      says: 'When a drill is made by itself, by one of all daemons and in UTC, such as 0 3 1 * * for once a month; when not set, never.',
    },
    DRILL_AGAINST: {
      kind: choice(...GROUNDS),
      level: 'rarely',
      says: 'What a drill is played against: demo (a simulated Mailgun, in a minute or two) or staging (the real one, in test mode, with DRILL_DOMAIN and DRILL_RECIPIENTS).',
    },
    DRILL_PRIMARY: {
      kind: choice(...FAULTS),
      default: 'down',
      level: 'rarely',
      says: 'What Mailgun does in the drills of DRILL_CRON: down, slow, accepts-but-silent, 5xx-after-accept, 429 or half.',
    },
    DRILL_FOR: {
      kind: length.refine(isDrillable, DRILLABLE),
      level: 'rarely',
      says: 'How long it does so; when not set, 20m against staging and 20s against the demo.',
    },
    DRILL_DOMAIN: {
      kind: domain,
      level: 'rarely',
      says: 'A domain of the Mailgun account that drills against staging are made with, and no real mail is sent from.',
    },
    DRILL_RECIPIENTS: {
      kind: addresses,
      default: '',
      level: 'rarely',
      says: 'Comma list of the only addresses that mail of a drill may name. It goes out in test mode, so they get none.',
    },
    DRILL_REPORTS: {
      kind: text,
      default: './drills',
      level: 'rarely',
      says: 'Folder where the reports of drills are written.',
    },
  },
  problems(values) {
    const { DRILL_CRON, DRILL_AGAINST, DRILL_DOMAIN, DRILL_RECIPIENTS, DRILL_PRIMARY } = values;
    const { MAILGUN_DOMAIN = [] } = values as typeof values & OfOthers;
    if (DRILL_CRON === undefined || DRILL_AGAINST !== 'staging') return [];
    const problem = stagingProblem({
      ...{ domain: DRILL_DOMAIN, recipients: DRILL_RECIPIENTS, fault: DRILL_PRIMARY },
      watched: MAILGUN_DOMAIN.map((one) => one.domain),
    });
    return problem === null ? [] : [problem];
  },
});

export type DrillSettings = SettingsOf<typeof DRILL>;

/** Mail that vanishes says something of a provider only when it went to several domains. */
const LEAST_DOMAINS = 3;

/** What keeps a drill from being played against staging; null when nothing does. */
export function stagingProblem(given: {
  domain: string | undefined;
  recipients: readonly string[];
  fault: string;
  /** Domains whose mail a daemon watches. */
  watched: readonly string[];
}): string | null {
  if (given.domain === undefined) return 'a drill against staging needs DRILL_DOMAIN, a domain for drills alone';
  if (given.watched.includes(given.domain))
    return `${given.domain} is in MAILGUN_DOMAIN: the daemon that watches it would take the mail of the drill for its own; a drill needs a domain for drills alone`;
  if (given.recipients.length === 0)
    return 'a drill against staging needs DRILL_RECIPIENTS, the only addresses that it may name';
  const domains = new Set(given.recipients.map(domainOf)).size;
  if (given.fault === 'accepts-but-silent' && domains < LEAST_DOMAINS)
    return `accepts-but-silent needs DRILL_RECIPIENTS at ${LEAST_DOMAINS} domains or more: by fewer it can not be noticed`;
  return null;
}

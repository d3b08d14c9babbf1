import { createHeap, type Heap } from '../base/heap.ts';
import { newId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { createMeter, type Meter } from '../base/meter.ts';
import { createRightOfWay, type RightOfWay } from '../base/right-of-way.ts';
import type { OwnRules } from '../classifier/classify.ts';
import { judgeBy } from '../classifier/judge.ts';
import { readAlertRules } from '../config/alert-rules-file.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { readRules } from '../config/rules-file.ts';
import { settingsOf } from '../config/settings.ts';
import { domainOf } from '../core/address.ts';
import type { Candidate } from '../core/capabilities.ts';
import type { Settings } from '../core/settings.ts';
import type { Sighting } from '../core/sighting.ts';
import type { Rule } from '../core/thresholds/rule.ts';
import type { Clock, Ms } from '../core/time.ts';
import { type DigestDeps, digest } from '../inbox/digest.ts';
import { domainsIn } from '../providers/mailgun/settings.ts';
import { candidateOf, connectProviders, type Providers } from '../providers/registry/registry.ts';
import type { Store } from '../store/db/open.ts';
import type { InboxRow } from '../store/inbox/inbox.ts';
import type { ReceiverSign } from '../store/notes/receivers.ts';
import type { MailSign } from '../store/thresholds/mail-signs.ts';
import { type Channels, createChannels } from '../tell/channels/create.ts';
import { onCallBy } from '../tell/on-call.ts';
import { createPresence, type Presence } from './presence.ts';

/** All that the parts of the daemon work with. Each part declares which of it it takes. */
export type Inside = {
  store: Store;
  config: Config;
  settings: Settings;
  providers: Providers;
  candidates: readonly Candidate[];
  channels: Channels;
  /** What bodies are sealed with, newest first: the first one seals, and all of them open. */
  encryptionKeys: readonly string[];
  lease: Ms;
  eventsSettle: Ms;
  read(row: Pick<InboxRow, 'provider' | 'body' | 'content_type'>): Sighting | null;
  notice: NonNullable<DigestDeps['notice']>;
  judge: DigestDeps['judge'];
  isOpenToForgery(provider: string): boolean;
  understand(about: readonly string[]): Promise<number>;
  receiverSigns: Heap<ReceiverSign>;
  /** What this process saw happen to mail, and the rules that look at what all have seen. */
  mailSigns: Heap<MailSign>;
  alertRules: readonly Rule[];
  rightOfWay: RightOfWay;
  /** Webhooks that were kept. */
  kept: Meter;
  /** Which of the daemons on this database this is. */
  presence: Presence;
  share: Presence['share'];
  /** Tells a job that there is work. */
  wake(job: string): void;
  now: Clock;
  monotonic: Clock;
  /** From when on this daemon took mail: a moment before it began to work. */
  startedAt?: Ms;
  /** Told what a provider's clock says, to the second. */
  heardTime?: (theirs: Ms) => void;
  /** By how much the machine's clock is behind that; null when it was never heard. */
  behindBy?: () => Ms | null;
  /** The same of `now`, which does not follow every step of the machine's clock. */
  slowBy?: () => Ms | null;
  /** Aborted when the process is about to stop. */
  signal: AbortSignal;
  log: Log;
};

export type Given = Pick<
  Inside,
  'store' | 'config' | 'now' | 'monotonic' | 'signal' | 'log' | 'wake' | 'heardTime' | 'behindBy' | 'slowBy'
> & {
  providers?: Providers;
};

/** Puts the parts together. Nothing is sent before it is used. */
export function insideOf(given: Given): Inside {
  const { config } = given;
  const providers = given.providers ?? connectProviders(config, given);
  checkNames(config, providers);
  const settings = settingsOf(config);
  const presence = createPresence({ ...given, id: newId(given.now()), roles: config.HOMING_ROLES });
  const read = (row: Pick<InboxRow, 'provider' | 'body' | 'content_type'>) =>
    providers.named(row.provider)?.read?.({
      replayKey: '',
      body: row.body,
      contentType: row.content_type,
    }) ?? null;
  const notice: Inside['notice'] = (row) =>
    providers.named(row.provider)?.notice?.({ replayKey: '', body: row.body, contentType: row.content_type }) ?? null;
  const judge = judgeBy(ownRules(config));
  const receiverSigns = createHeap<ReceiverSign>(MOST_SIGNS);
  const isOpenToForgery = (name: string) => {
    const provider = providers.named(name);
    return provider?.webhook?.bodyIsUnsigned === true && provider.history !== undefined;
  };
  return {
    ...given,
    settings,
    providers,
    candidates: providers.all.map(candidateOf),
    channels: createChannels(config, { ...relayLimits(config), now: given.now, onCall: onCallBy(config) }),
    encryptionKeys: config.ENCRYPTION_KEY,
    lease: config.LEASE,
    eventsSettle: config.EVENTS_SETTLE,
    read,
    notice,
    judge,
    isOpenToForgery,
    receiverSigns,
    mailSigns: createHeap<MailSign>(MOST_SIGNS),
    alertRules: readAlertRules(config.ALERT_RULES).rules,
    rightOfWay: createRightOfWay(given.monotonic),
    kept: createMeter(given.monotonic),
    presence,
    share: presence.share,
    understand: (about) =>
      digest({ ...given, settings, read, notice, judge, isOpenToForgery, receiverSigns }, ABOUT, about),
  };
}

/** Of receivers, that are counted every few seconds. */
const MOST_SIGNS = 20_000;

/** How many events about certain deliveries are read at once. */
const ABOUT = 200;

/** A letter to an administrator may take as long as any mail. */
const relayLimits = ({ LEASE }: Config) => ({ timeout: Math.floor(LEASE / 4), dataTimeout: Math.floor(LEASE / 2) });

/** A rate, a share or a status page of nobody would be a slip, and do nothing. */
function checkNames(config: Config, providers: Providers): void {
  const named = {
    SEND_RATES: config.SEND_RATES.map(({ provider }) => provider),
    PROVIDER_SHARE: config.PROVIDER_SHARE.map(([name]) => name),
    SECONDARY_WEIGHTS: config.SECONDARY_WEIGHTS.map(([name]) => name),
    STATUSPAGE_SECRETS: config.STATUSPAGE_SECRETS.map(({ provider }) => provider),
  };
  const known = providers.all.map(({ name }) => name).join(', ');
  const strange = Object.entries(named).filter(([, names]) => names.some((name) => !providers.named(name)));
  if (strange.length > 0)
    throw new ConfigError(strange.map(([setting]) => `${setting} names a provider that is none of ${known}`));
  // What Mailgun refuses as somebody else's would look like an outage that never ends.
  const { OUTAGE_PROBE_FROM: from } = config;
  if (from !== undefined && !domainsIn(config).includes(domainOf(from)))
    throw new ConfigError(['OUTAGE_PROBE_FROM is no address of a domain in MAILGUN_DOMAIN']);
}

/** Read once: a change of the file takes effect with the next start. */
export function ownRules({ HOMING_RULES: file }: Config): OwnRules | undefined {
  if (file === undefined) return undefined;
  const { rules, problems } = readRules(file);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `HOMING_RULES: ${problem}`));
  return rules;
}

/** Closes all connections to the outside. */
export async function closeOutside({ providers, channels }: Inside): Promise<void> {
  await Promise.all([providers.close(), channels.close()]);
}

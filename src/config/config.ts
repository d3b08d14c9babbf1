import { IANAZone } from 'luxon';
import { validate as isCron } from 'node-cron';
import { z } from 'zod';
import type { CodeRange } from '../core/plan.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../core/time.ts';
import { hostWithPort } from '../providers/registry/registry.ts';
import { parseRelayUrl } from '../providers/smtp/url.ts';
import { readRules } from './rules-file.ts';

/** The configuration can't be used; `problems` names all that is wrong with it, and never a value that may be secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration has ${problems.length} problem(s):\n${problems.map((p) => `  - ${p}`).join('\n')}`);
    this.problems = problems;
  }
}

const UNITS: Record<string, Ms> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: DAY };

/** Longer than anything is waited for or kept, and far below what a number or a date can hold. */
const LONGEST: Ms = 3650 * DAY;

/** `250ms`, `30s`, `4m`, `8h`, `3d`. Null for anything else. */
export function parseDuration(text: string): Ms | null {
  const [, amount, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  if (amount === undefined || unit === undefined) return null;
  const ms = Math.round(Number(amount) * (UNITS[unit] ?? 0));
  return ms <= LONGEST ? ms : null;
}

const duration = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, ctx) => {
      const ms = parseDuration(text);
      if (ms !== null) return ms;
      ctx.addIssue({ code: 'custom', message: 'must be a duration such as 250ms, 30s, 4m, 8h or 3d' });
      return z.NEVER;
    });

/** A wait that follows the retry unit unless it is set, so that a day played in seconds needs one setting and not ten. */
const scaled = () =>
  z
    .string()
    .optional()
    .transform((text, ctx) => {
      const ms = text === undefined ? null : parseDuration(text);
      if (text === undefined || ms !== null) return ms;
      ctx.addIssue({ code: 'custom', message: 'must be a duration such as 250ms, 30s, 4m, 8h or 3d' });
      return z.NEVER;
    });

const list = (fallback = '') =>
  z
    .string()
    .default(fallback)
    .transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    );

const durations = (fallback: string) =>
  list(fallback).transform((parts, ctx) => {
    const all = parts.map(parseDuration);
    if (all.length > 0 && !all.includes(null)) return all.filter((ms) => ms !== null);
    ctx.addIssue({ code: 'custom', message: 'must be a comma list of durations such as 30s,60s' });
    return z.NEVER;
  });

const codes = (fallback: string) =>
  list(fallback).transform((parts, ctx) => {
    const ranges: CodeRange[] = [];
    for (const part of parts) {
      const [, from, to] = /^(\d{3})(?:-(\d{3}))?$/.exec(part) ?? [];
      if (from === undefined || Number(to ?? from) < Number(from)) {
        ctx.addIssue({ code: 'custom', message: 'must be a comma list of SMTP codes or ranges such as 500-554' });
        return z.NEVER;
      }
      ranges.push({ from: Number(from), to: Number(to ?? from) });
    }
    return ranges;
  });

const share = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, ctx) => {
      const [, number, percent] = /^(\d{1,2}(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
      const value = Number(number) / (percent ? 100 : 1);
      if (number !== undefined && value >= 0 && value < 1) return value;
      ctx.addIssue({ code: 'custom', message: 'must be a share such as 10% or 0' });
      return z.NEVER;
    });

const count = (fallback: number, least = 1) =>
  z.coerce
    .number({ error: 'must be a whole number' })
    .int('must be a whole number')
    .min(least, `must be at least ${least}`)
    .default(fallback);

const webUrl = z
  .string()
  .refine((text) => /^https?:\/\/[^\s]+$/.test(text) && URL.canParse(text), 'must be an http(s) URL');
const databaseUrl = z
  .string()
  .refine((text) => /^sqlite:.+/.test(text) || (/^(mysql|mariadb):\/\/.+\/.+/.test(text) && URL.canParse(text)), {
    message: 'must be sqlite:./file or mysql://user:pass@host:3306/database',
  });
const checkSmtp = (url: string, ctx: z.core.$RefinementCtx<unknown>): void => {
  try {
    parseRelayUrl(url);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: `has a wrong ${error instanceof Error ? error.message : 'SMTP URL'}` });
  }
};
const smtpUrls = list().superRefine((urls, ctx) => {
  for (const url of urls) checkSmtp(url, ctx);
});
/** `smtp://…` and other providers by the scheme of their URL. */
const providerUrls = list().superRefine((urls, ctx) => {
  for (const url of urls) {
    if (/^smtps?:/i.test(url)) checkSmtp(url, ctx);
    else if (!/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(url))
      ctx.addIssue({
        code: 'custom',
        message: 'must be a comma list of URLs of providers such as smtp://user:pass@host:587',
      });
  }
});
const cron = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .refine(
      (text) => [5, 6].includes(text.trim().split(/\s+/).length) && isCron(text),
      'must be a cron expression of five or six fields',
    );

const SCHEMA = z.object({
  DATABASE_URL: databaseUrl.default('sqlite:./data/homing.sqlite'),
  HOST: z.string().default('0.0.0.0'),
  PORT: z.coerce.number({ error: 'must be a port' }).int().min(0).max(65535).default(8080),
  PUBLIC_URL: webUrl.optional(),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
  MAILGUN_API_KEY: z.string().default(''),
  MAILGUN_DOMAIN: list(),
  MAILGUN_API_URL: webUrl.default('https://api.mailgun.net'),
  MAILGUN_WEBHOOK_SIGNING_KEY: list(),
  MAILGUN_STORAGE_HOSTS: list('*.mailgun.net'),
  MAILGUN_EVENTS_API: z.enum(['auto', 'events', 'logs']).default('auto'),
  SECONDARY: providerUrls,
  SECONDARY_SMTP_URL: smtpUrls,
  ADMIN_EMAILS: list().refine(
    (all) => all.every((a) => /^[^\s@<>,]+@[^\s@<>,]+$/.test(a)),
    'must be a comma list of addresses',
  ),
  ALERT_FROM: z.string().optional(),
  ALERT_SMTP_URL: z.string().superRefine(checkSmtp).optional(),
  ALERT_SLACK_URL: webUrl.optional(),
  ALERT_WEBHOOK_URL: webUrl.optional(),
  ALERT_GROUP: scaled(),
  ALERT_REPEAT: scaled(),
  API_TOKENS: list(),
  SPOOL_DIR: z.string().optional(),
  ENCRYPTION_KEY: z
    .string()
    .regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hex digits (openssl rand -hex 32)')
    .optional(),
  RETRY_SCHEDULE: z.enum(['auto', 'mailgun', 'local']).default('auto'),
  RETRY_BASE: z.coerce.number({ error: 'must be a number' }).min(1, 'must be at least 1').max(100).default(4),
  RETRY_UNIT: duration('1m'),
  RETRY_SPREAD: share('10%'),
  RETRY_MAX_ATTEMPTS: count(5),
  RETRY_CODES: codes('500-554'),
  RETRY_DECISIONS: z.enum(['classifier', 'codes']).default('classifier'),
  RETRY_HOPELESS_AFTER: count(20, 0),
  RETRY_PAUSE: scaled(),
  HOMING_RULES: z.string().optional(),
  NOTICE_LIFE: duration('24h'),
  ACCESS_LIFE: duration('15m'),
  BULK_LIFE: duration('3d'),
  ACCESS_WAITS: durations('30s,60s'),
  ACCESS_ATTEMPTS: count(2),
  ACCESS_FALLBACK_AFTER: duration('90s'),
  BULK_FALLBACK: z.enum(['yes', 'no']).default('no'),
  UNSUPPRESS_MAX_PER_DAY: count(100, 0),
  FIX_SENDER_HOLD: duration('6h'),
  RECONCILE_CRON: cron('* * * * *'),
  EVENTS_SETTLE: duration('30m'),
  ASK_PATIENCE: scaled(),
  SILENCE_AFTER: duration('8h'),
  LEASE: duration('60s'),
  DUE_POLL: duration('1s'),
  ADOPT_UNKNOWN: z.enum(['off', 'track', 'retry']).default('track'),
  ADOPT_AFTER: scaled(),
  WEBHOOK_SILENCE: duration('1h'),
  RECONCILE_SILENCE: duration('10m'),
  REPORT_CRON: cron('0 7 * * *'),
  REPORT_TIMEZONE: z.string().default('UTC').refine(IANAZone.isValidZone, 'must be a time zone such as Europe/Berlin'),
  REPORT_DETAILS: z.enum(['summary', 'full']).default('summary'),
  RETENTION_DAYS: count(90),
});

type Given = z.infer<typeof SCHEMA>;
export type Config = Readonly<Omit<Given, keyof typeof FOLLOWING> & Record<keyof typeof FOLLOWING, Ms>>;

/** In retry units of a minute or less: 30 s, 15 min, 30 s, 10 min, 1 min by default. */
const FOLLOWING = { ALERT_GROUP: 0.5, ALERT_REPEAT: 15, RETRY_PAUSE: 0.5, ASK_PATIENCE: 10, ADOPT_AFTER: 1 } as const;

function following(given: Given): Record<keyof typeof FOLLOWING, Ms> {
  const unit = Math.min(given.RETRY_UNIT, MINUTE);
  const wait = (name: keyof typeof FOLLOWING, least = 1): Ms =>
    given[name] ?? Math.max(least, Math.round(FOLLOWING[name] * unit));
  return {
    ALERT_GROUP: wait('ALERT_GROUP', 2 * SECOND),
    ALERT_REPEAT: wait('ALERT_REPEAT', 2 * SECOND),
    RETRY_PAUSE: wait('RETRY_PAUSE'),
    ASK_PATIENCE: wait('ASK_PATIENCE'),
    // An answer takes its time however short the retries are; longer than a hand-over's lease is never needed.
    ADOPT_AFTER: wait('ADOPT_AFTER', Math.min(given.LEASE, 5 * SECOND)),
  };
}

/** Every setting, for the check that `.env.example` and the README name them all. */
export const SETTINGS: readonly string[] = Object.keys(SCHEMA.shape);

/** What the daemon can't do without. The other commands need the database alone. */
const DAEMON = ['MAILGUN_API_KEY', 'MAILGUN_DOMAIN', 'MAILGUN_WEBHOOK_SIGNING_KEY'] as const;

/** Reads the environment. An empty value counts as not set. Throws `ConfigError` with every problem at once. */
export function readConfig(env: Record<string, string | undefined>, need: 'daemon' | 'database'): Config {
  const given = Object.fromEntries(SETTINGS.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
  const parsed = SCHEMA.safeParse(given);
  const problems = parsed.success ? [] : parsed.error.issues.map((i) => `${String(i.path[0])} ${wordsOf(i)}`);
  if (need === 'daemon') {
    problems.push(...DAEMON.filter((name) => !env[name]).map((name) => `${name} must be set (see .env.example)`));
    problems.push(...hostProblems(env), ...rulesProblems(env));
  }
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const d = parsed.data;
  return Object.freeze({ ...d, ...following(d), MAILGUN_DOMAIN: d.MAILGUN_DOMAIN.map((name) => name.toLowerCase()) });
}

/** zod's own words for a wrong choice name the choices; none of its messages repeats the value. */
const wordsOf = (issue: z.core.$ZodIssue): string =>
  issue.code === 'invalid_value' ? `must be one of ${issue.values.join(', ')}` : issue.message;

/** The API key travels in the clear over plain http: only to hosts that the operator named with their port. */
function hostProblems(env: Record<string, string | undefined>): string[] {
  const url = env['MAILGUN_API_URL'];
  if (!url || !URL.canParse(url) || !url.startsWith('http:')) return [];
  const hosts = (env['MAILGUN_STORAGE_HOSTS'] ?? '').split(',').map((h) => h.trim());
  if (hosts.includes(hostWithPort(url))) return [];
  return ['MAILGUN_API_URL is plain http: name its host with the port in MAILGUN_STORAGE_HOSTS to allow that'];
}

/** Wrong rules would be missed one failure at a time: the daemon does not start on them. */
function rulesProblems({ HOMING_RULES: file }: Record<string, string | undefined>): string[] {
  return file ? readRules(file).problems.map((problem) => `HOMING_RULES: ${problem}`) : [];
}

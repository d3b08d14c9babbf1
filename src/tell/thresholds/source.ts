import { CLASSES, type MessageClass } from '../../core/message-class.ts';
import { type Reading, type Standing, scopeKey } from '../../core/thresholds/judge.ts';
import {
  isCounted,
  type Recent,
  readBacklog,
  readOverdue,
  readSigns,
  readSlow,
  type SignSum,
  type Waiting,
} from '../../core/thresholds/measured.ts';
import type { Rule } from '../../core/thresholds/rule.ts';
import { readFlatline, SENT_BUCKET, type Sent, sentThen } from '../../core/thresholds/sent.ts';
import { MINUTE, type Ms } from '../../core/time.ts';
import type { KeptStanding } from '../../store/threshold-states.ts';
import { comparedAt } from './compared.ts';

/** Where figures come from: the database as it is, or the past as it was. */
export type Source = {
  signs(rule: Rule, now: Ms): Promise<SignSum[]>;
  /** Mail of a class that was made from a moment on, and before another: all of it, or some. */
  recent(made: { class: MessageClass; from: Ms; to: Ms }): Promise<Recent[]>;
  waiting(now: Ms): Promise<Waiting[]>;
  /** The time of which all that was sent is counted; null when that is not known. */
  counted(now: Ms): Promise<{ from: Ms; to: Ms } | null>;
  sent(span: { from: Ms; to: Ms }): Promise<readonly Sent[]>;
};

/** What is so old is not compared: nobody counted meanwhile. */
const STALE: Ms = 20 * MINUTE;

type At = { now: Ms; timezone: string; kept: readonly KeptStanding[] };

/** The figures that a rule speaks of; null when they can't be known now. */
export async function readingsOf(source: Source, rule: Rule, { now, timezone, kept }: At): Promise<Reading[] | null> {
  if (isCounted(rule)) return readSigns(rule, await source.signs(rule, now));
  if (rule.measure === 'backlog') return readBacklog(rule, await source.waiting(now));
  if (rule.measure === 'flatline') return flatlineOf(source, rule, { now, timezone, kept });
  const mails = await recentOf(source, rule, now);
  return rule.measure === 'overdue' ? readOverdue(rule, mails, now) : readSlow(rule, mails, now);
}

async function recentOf(source: Source, rule: Rule, now: Ms): Promise<Recent[]> {
  const classes = rule.only.class === null ? CLASSES : [rule.only.class];
  // What is not to have arrived yet says nothing of what is overdue.
  const to = rule.measure === 'overdue' ? now - rule.within : now;
  const each = await Promise.all(classes.map((name) => source.recent({ class: name, from: to - rule.window, to })));
  return each.flat();
}

async function flatlineOf(source: Source, rule: Rule, { now, timezone, kept }: At): Promise<Reading[] | null> {
  const counted = await source.counted(now);
  if (counted === null || now - counted.to > STALE) return null;
  const to = counted.to - (counted.to % SENT_BUCKET);
  const sent = await sentThen(comparedAt(to, rule.window, timezone), counted.from, (span) => source.sent(span));
  const ringing = new Map<string, Standing>(
    kept.filter(({ standing }) => standing.rangAt !== null).map(({ scope, standing }) => [scopeKey(scope), standing]),
  );
  return readFlatline(rule, sent, ringing);
}

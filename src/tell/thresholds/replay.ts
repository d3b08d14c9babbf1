import { type Scope, scopeKey } from '../../core/thresholds/judge.ts';
import { isCounted } from '../../core/thresholds/measured.ts';
import { createPast, FINE, type Past } from '../../core/thresholds/past.ts';
import { fullRule, type Rule } from '../../core/thresholds/rule.ts';
import { SENT_BUCKET, sentNames } from '../../core/thresholds/sent.ts';
import { clearWords, figureWords, ringWords } from '../../core/thresholds/words.ts';
import { DAY, HOUR, type Ms } from '../../core/time.ts';
import type { Store } from '../../store/db/open.ts';
import { oldestMessage } from '../../store/messages/search.ts';
import type { KeptStanding } from '../../store/threshold-states.ts';
import { askedFrom, livesFrom, type Place } from '../../store/thresholds/history.ts';
import { SENT_KEPT, SENT_LAG } from '../../store/thresholds/sent.ts';
import { judgeAll, type Look } from './judge-all.ts';
import { pauseOf } from './look.ts';
import type { Source } from './source.ts';

/** A time in which a rule would have rung. */
export type Rung = {
  rule: string;
  scope: Scope;
  rangAt: Ms;
  /** Null where it would ring still. */
  clearedAt: Ms | null;
  /** What would have been told, and the worst of it. */
  rang: string;
  worst: string;
  cleared: string | null;
};

export type Replayed = { from: Ms; to: Ms; mails: number; rungs: Rung[] };

export type ReplayOptions = {
  rules: readonly Rule[];
  days: number;
  timezone: string;
  now: Ms;
  progress?: (done: Ms, all: Ms, mails: number) => void;
};

/** What is old when mail is made: retries and complaints come days later. */
const EARLIER: Ms = 5 * DAY;
const PAGE = 500;

/** Plays the past again, five minutes at a time, and says when these rules would have rung. Changes nothing. */
export async function replay(store: Store, { rules, days, timezone, now, progress }: ReplayOptions): Promise<Replayed> {
  const first = await oldestMessage(store);
  const to = now - (now % FINE);
  const from = Math.max(to - days * DAY, Math.floor((first ?? to) / FINE) * FINE);
  const past = createPast(from, latelyOf(rules));
  const longest = Math.max(0, ...rules.map(({ window }) => window));
  const walk = walkOf(store, past, { lives: from - longest - EARLIER, asked: from - SENT_KEPT });
  const source = sourceOf(past, Math.ceil((first ?? to) / SENT_BUCKET) * SENT_BUCKET);
  const looked = new Map<string, Ms>();
  const rungs: Rung[] = [];
  let kept: KeptStanding[] = [];
  for (let at = from; at <= to; at += FINE) {
    await walk.to(at);
    past.goTo(at);
    const due = rules.filter((rule) => at - (looked.get(rule.name) ?? Number.NEGATIVE_INFINITY) >= pauseOf(rule));
    for (const { name } of due) looked.set(name, at);
    const looks = await judgeAll(source, due, kept, { now: at, timezone });
    kept = keptAfter(kept, looks);
    for (const look of looks) note(rungs, look, at);
    progress?.(at - from, to - from, walk.mails());
  }
  return { from, to, mails: walk.mails(), rungs };
}

/** For how long these rules look at mail by itself. */
const latelyOf = (rules: readonly Rule[]): Ms =>
  HOUR +
  Math.max(
    0,
    ...rules
      .filter((rule) => !isCounted(rule))
      .map(({ measure, window, within }) => (measure === 'flatline' ? 0 : window + within)),
  );

/** Reads on as far as is played. */
function walkOf(store: Store, past: Past, since: { lives: Ms; asked: Ms }) {
  let lives: Place = { at: since.lives, id: '' };
  let asked: Place = { at: since.asked, id: '' };
  let mails = 0;
  const readLives = async (until: Ms) => {
    for (;;) {
      const { items, next } = await livesFrom(store, lives, until, PAGE);
      for (const one of items) past.add(one);
      mails += items.length;
      if (next === null) break;
      lives = next;
    }
    lives = { at: Math.max(lives.at, until), id: '' };
  };
  const readAsked = async (until: Ms) => {
    for (;;) {
      const { items, next } = await askedFrom(store, asked, until, PAGE);
      for (const one of items) past.ask(one.created_at, sentNames(one));
      if (next === null) break;
      asked = next;
    }
    asked = { at: Math.max(asked.at, until), id: '' };
  };
  return {
    async to(moment: Ms) {
      await readLives(moment);
      await readAsked(moment);
    },
    mails: () => mails,
  };
}

const sourceOf = (past: Past, countedFrom: Ms): Source => ({
  signs: async (rule) => past.signs(rule),
  recent: async (made) => past.recent(made),
  waiting: async () => past.waiting(),
  counted: async (now) => ({ from: countedFrom, to: now - SENT_LAG }),
  sent: async (span) => past.sent(span),
});

const nameOf = (rule: string, scope: Scope): string => `${rule}\n${scopeKey(scope)}`;

function keptAfter(kept: readonly KeptStanding[], looks: readonly Look[]): KeptStanding[] {
  const after = new Map(kept.map((one) => [nameOf(one.rule, one.scope), one]));
  for (const { rule, scope, standing } of looks) {
    const key = nameOf(rule.name, scope);
    if (standing === null) after.delete(key);
    else after.set(key, { rule: rule.name, measure: rule.measure, scope, standing, token: '' });
  }
  return [...after.values()];
}

function note(rungs: Rung[], { rule, scope, change, standing, before, reading, why }: Look, at: Ms): void {
  const full = fullRule(rule);
  if (change === 'rings' && standing !== null) {
    const worst = figureWords(full, scope, standing.worst);
    rungs.push({
      rule: rule.name,
      scope,
      rangAt: at,
      clearedAt: null,
      rang: ringWords(full, scope, standing),
      worst,
      cleared: null,
    });
    return;
  }
  const open = rungs.findLast(
    (one) => one.clearedAt === null && nameOf(one.rule, one.scope) === nameOf(rule.name, scope),
  );
  if (!open) return;
  if (standing !== null) open.worst = figureWords(full, scope, standing.worst);
  if (change !== 'clears' || before === null) return;
  open.clearedAt = at;
  open.cleared = clearWords(full, { scope, standing: before.standing, reading, why }, at);
}

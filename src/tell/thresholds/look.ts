import type { Log } from '../../base/log.ts';
import { isClass, type MessageClass } from '../../core/message-class.ts';
import { thresholdIncident } from '../../core/thresholds/incident.ts';
import type { Scope } from '../../core/thresholds/judge.ts';
import { fullRule, type Rule } from '../../core/thresholds/rule.ts';
import { clearWords, ringWords } from '../../core/thresholds/words.ts';
import { type Clock, MINUTE, type Ms } from '../../core/time.ts';
import type { RaisedItem } from '../../store/alerts.ts';
import type { Store } from '../../store/db/open.ts';
import { keepStanding, standingThresholds } from '../../store/threshold-states.ts';
import { signSums } from '../../store/thresholds/mail-signs.ts';
import { recentMail, waitingNow } from '../../store/thresholds/recent.ts';
import { sentCounted, sentIn } from '../../store/thresholds/sent.ts';
import { goneOf, judgeAll, type Look } from './judge-all.ts';
import type { Source } from './source.ts';

export type LookDeps = {
  store: Store;
  rules: readonly Rule[];
  timezone: string;
  now: Clock;
  /** When this process looked last, by the names of rules. */
  looked: Map<string, Ms>;
  log: Log;
};

/** A sixtieth of its time, so that a week is not read each minute. */
export const pauseOf = ({ window, measure }: Rule): Ms =>
  measure === 'flatline' ? 5 * MINUTE : Math.min(15 * MINUTE, Math.max(MINUTE, window / 60));

/** Looks at the rules whose time it is, and tells of what rings and what does not any more; says how many did. */
export async function lookAtThresholds({ store, rules, timezone, now, looked, log }: LookDeps): Promise<number> {
  const at = now();
  const due = rules.filter((rule) => Math.abs(at - (looked.get(rule.name) ?? 0)) >= pauseOf(rule));
  if (due.length === 0) return 0;
  for (const { name } of due) looked.set(name, at);
  const kept = await standingThresholds(store);
  const failed = ({ name: rule }: Rule, error: unknown) =>
    log.error({ rule, error }, 'a rule of alerts could not be judged');
  const looks = await judgeAll(presentOf(store), due, kept, { now: at, timezone, failed });
  let changed = 0;
  for (const look of [...looks, ...goneOf(rules, kept, at)]) {
    const { rule, scope, before, standing } = look;
    const alert = alertOf(look, at);
    const change = { rule: rule.name, measure: rule.measure, scope, before, after: standing, alert };
    if ((await keepStanding(store, change, at)) && alert) changed++;
  }
  return changed;
}

/** The database as it is. Mail of a class is read once for all rules of a look that want the same of it. */
function presentOf(store: Store): Source {
  const recent = new Map<string, ReturnType<typeof recentMail>>();
  let waiting: ReturnType<typeof waitingNow> | null = null;
  return {
    signs: (rule, now) => signSums(store, rule, now),
    recent(made) {
      const key = `${made.class} ${made.from} ${made.to}`;
      const known = recent.get(key) ?? recentMail(store, made);
      recent.set(key, known);
      return known;
    },
    waiting(now) {
      waiting ??= waitingNow(store, now);
      return waiting;
    },
    counted: () => sentCounted(store),
    sent: (span) => sentIn(store, span),
  };
}

function alertOf({ rule, scope, change, standing, before, reading, why }: Look, at: Ms): RaisedItem | null {
  if (change === null) return null;
  const full = fullRule(rule);
  if (change === 'rings' && standing !== null) {
    const { kind, incident } = thresholdIncident(full, scope, 'rings');
    const detail = ringWords(full, scope, standing);
    return { item_key: itemKey(incident, standing.rangAt), kind, incident, at, detail, ...classOf(scope) };
  }
  if (before === null) return null;
  const { kind, incident } = thresholdIncident(full, scope, 'clears');
  const detail = clearWords(full, { scope, standing: before.standing, reading, why }, at);
  return { item_key: itemKey(incident, before.standing.rangAt), kind, incident, at, detail, ...classOf(scope) };
}

const itemKey = (incident: string, rangAt: Ms | null): string => `${rangAt ?? 0}:${incident}`;

const classOf = ({ class: name }: Scope): { class?: MessageClass } => (isClass(name) ? { class: name } : {});

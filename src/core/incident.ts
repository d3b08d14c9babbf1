// An incident is one conversation with the administrators: what is told of it, and when. Nothing is read or written here.
import { ALERT_KINDS, type AlertKind, type Severity, type Turn } from './alerting.ts';
import type { MessageClass } from './message-class.ts';
import { isWorse, severityOf, urgentOf } from './severity.ts';
import { DAY, HOUR, type Ms } from './time.ts';

export type Incident = {
  id: string;
  name: string;
  kind: AlertKind;
  /** The most urgent class of its mail; null where it is about none. */
  class: MessageClass | null;
  severity: Severity;
  /** When the conversation began; what comes again within a day goes on with it. */
  firstAt: Ms;
  /** When its trouble began this time, and when it was told. */
  startedAt: Ms;
  openedAt: Ms;
  lastItemAt: Ms;
  /** How much was told of it this time. */
  items: number;
  /** How often it was told since it began this time or got worse by far, and when last. */
  told: number;
  toldAt: Ms;
  /** How far up the ladder it has come. */
  rung: number;
  acknowledgedAt: Ms | null;
  acknowledgedBy: string | null;
  /** How much it was by then, told or not. */
  acknowledgedItems: number;
  /** Since when the trouble is over, while it is not told yet. */
  overAt: Ms | null;
  endedAt: Ms | null;
  /** How often it came again within a day of its end. */
  flaps: number;
};

/** When its trouble was over, which is seen and told later; null while it is open. */
export const endOf = ({ endedAt, overAt }: Incident): Ms | null => (endedAt === null ? null : (overAt ?? endedAt));

/** What was added to an incident and not told yet. */
export type Fresh = { count: number; since: Ms; latest: Ms; class: MessageClass | null };

export type Rules = {
  /** How long an incident gathers before it is told, and the first pause between two alerts of it. */
  group: Ms;
  repeat: Ms;
  /** After how long without anybody who takes it each rung of the ladder is told. */
  rungs: readonly Ms[];
  /** Whether these are hours in which nobody is told of bulk mail. */
  isQuiet: boolean;
};

/** Whether the last message about it is still to be sent; until then nothing more is told. */
export type Now = { at: Ms; isWaiting: boolean };

export type Step =
  | { what: 'open' | 'reopen' | 'repeat' | 'worse' | 'resume' }
  | { what: 'climb'; rung: number }
  | { what: 'end'; at: Ms };

/** What is told by a step; null where nothing is. */
export const TURN_OF: Record<Step['what'], Turn | null> = {
  open: 'opened',
  reopen: 'opened',
  repeat: 'repeated',
  worse: 'repeated',
  // Those up the ladder hear of it for the first time.
  climb: 'opened',
  resume: null,
  end: 'ended',
};

/** Kinds that last until it is seen that they are over. The others are over when nothing more of them comes. */
const LASTING: ReadonlySet<AlertKind> = new Set([
  'provider_down',
  'account_refused',
  'reconciler_silent',
  'webhooks_silent',
  'put_off',
  'drill_failed',
  'dns_wrong',
  'ip_listed',
  'warmup_behind',
  'backup_failed',
  'backup_old',
  'restore_drill_failed',
  'restore_drill_old',
  'threshold',
  'flatline',
  'events_webhook_failing',
  'peer_silent',
]);
export const lasts = (kind: AlertKind): boolean => LASTING.has(kind);

/** What tells that a trouble is over, by the trouble. */
const ENDINGS: Partial<Record<AlertKind, AlertKind>> = {
  provider_down: 'provider_back',
  dns_wrong: 'dns_right',
  ip_listed: 'ip_clear',
  warmup_behind: 'warmup_on_course',
  threshold: 'threshold_over',
  flatline: 'flatline_over',
};

/** The name of what tells that an incident is over; null where nothing does. */
export const endingOf = (name: string): string | null => renamed(name, Object.entries(ENDINGS));

/** The incident whose end this tells. */
export const endedBy = (name: string): string | null =>
  renamed(
    name,
    Object.entries(ENDINGS).map(([trouble, end]) => [end, trouble]),
  );

function renamed(name: string, kinds: readonly (readonly [string, string])[]): string | null {
  const found = kinds.find(([kind]) => name === kind || name.startsWith(`${kind}:`));
  return found ? found[1] + name.slice(found[0].length) : null;
}

/** The names of incidents begin with their kinds. */
export const kindIn = (name: string): AlertKind =>
  ALERT_KINDS.find((kind) => name === kind || name.startsWith(`${kind}:`)) ?? 'gave_up';

/** What ended so long ago and comes again is an incident of its own. */
export const GOES_ON: Ms = DAY;

const LONGEST_PAUSE: Ms = DAY;
/** The time until it is told again doubles each time. */
export const pauseAfter = (told: number, repeat: Ms): Ms =>
  Math.min(repeat * 2 ** Math.max(0, told - 1), LONGEST_PAUSE);

/** The longest time for which nothing is told of an open incident that nobody has taken: quiet hours are less than a day. */
export const longestSilence = (repeat: Ms): Ms => Math.max(LONGEST_PAUSE, 7 * HOUR, 4 * repeat) + DAY;

/** While a clock is wrong, that is noted every six hours. */
const quietFor = (kind: AlertKind, repeat: Ms): Ms => (kind === 'clock_wrong' ? 7 * HOUR : 4 * repeat);

/** What flaps has to be over for a while before that is told, the longer the more often it came again. */
const holdOf = ({ flaps }: Incident, repeat: Ms): Ms => (flaps < 2 ? 0 : Math.min(pauseAfter(flaps, repeat), HOUR));

/** By far more than when it was told, or somebody took it. */
const WORSE_BY = 10;

/** Whether it was so lately, by the clock of any daemon. What is far ahead was written before a clock was set back. */
const isWithin = (now: Ms, at: Ms, length: Ms): boolean => Math.abs(now - at) < length;

/**
 * An incident of which nothing that happened is later than this moment, as if a clock that was set back had never been ahead.
 * A pause since a time ahead is over.
 */
export const setBack = (incident: Incident, at: Ms): Incident => ({
  ...{ ...incident, firstAt: Math.min(incident.firstAt, at), startedAt: Math.min(incident.startedAt, at) },
  ...{ openedAt: Math.min(incident.openedAt, at), lastItemAt: Math.min(incident.lastItemAt, at) },
  overAt: incident.overAt && Math.min(incident.overAt, at),
  toldAt: incident.toldAt > at ? at - LONGEST_PAUSE : incident.toldAt,
});

/** The last of what is known of an incident. */
export const latestOf = ({ openedAt, lastItemAt, toldAt, overAt }: Incident): Ms =>
  Math.max(openedAt, lastItemAt, toldAt, overAt ?? 0);

/** What is to be done about an incident now; null when nothing is. */
export function nextStep(incident: Incident | null, fresh: Fresh | null, rules: Rules, now: Now): Step | null {
  if (rules.isQuiet && urgentOf(incident?.class ?? null, fresh?.class ?? null) === 'bulk') return null;
  if (incident === null || incident.endedAt !== null) return opening(incident, fresh, rules, now);
  const { overAt } = incident;
  if (overAt !== null && fresh !== null && fresh.latest > overAt) return { what: 'resume' };
  if (now.isWaiting) return null;
  return ending(incident, fresh, rules, now) ?? (overAt === null ? goingOn(incident, fresh, rules, now) : null);
}

function opening(before: Incident | null, fresh: Fresh | null, rules: Rules, { at }: Now): Step | null {
  if (fresh === null || isGathering(fresh, rules, at)) return null;
  return { what: before === null ? 'open' : 'reopen' };
}

/** While an incident is still growing its alert waits, until it is quiet or has grown for long enough. */
const isGathering = ({ since, latest }: Fresh, { group }: Rules, now: Ms): boolean =>
  isWithin(now, latest, group) && isWithin(now, since, 5 * group);

function ending(incident: Incident, fresh: Fresh | null, { repeat }: Rules, { at }: Now): Step | null {
  const { kind, overAt, lastItemAt } = incident;
  if (overAt !== null) return isWithin(at, overAt, holdOf(incident, repeat)) ? null : { what: 'end', at: overAt };
  const latest = Math.min(at, Math.max(lastItemAt, fresh?.latest ?? 0));
  const lastWord = Math.max(latest, Math.min(at, incident.toldAt));
  const isOver = !lasts(kind) && at - lastWord >= quietFor(kind, repeat);
  return isOver ? { what: 'end', at: latest } : null;
}

function goingOn(incident: Incident, fresh: Fresh | null, rules: Rules, { at }: Now): Step | null {
  const mayGrow = fresh !== null && !isGathering(fresh, rules, at);
  const worse: Step | null = mayGrow && isFarWorse(incident, fresh) ? { what: 'worse' } : null;
  if (incident.acknowledgedAt !== null) return worse;
  const next = incident.rung + 1;
  const after = rules.rungs[next];
  if (after !== undefined && incident.severity !== 'info' && !isWithin(at, incident.openedAt, after))
    return { what: 'climb', rung: next };
  if (worse !== null) return worse;
  if (isWithin(at, incident.toldAt, pauseAfter(incident.told, rules.repeat))) return null;
  return mayGrow || (fresh === null && lasts(incident.kind)) ? { what: 'repeat' } : null;
}

/** Ten times as much as when it was told last, or somebody took it, or mail of a more urgent class. */
function isFarWorse(incident: Incident, fresh: Fresh): boolean {
  const grown = incident.items + fresh.count;
  const known = incident.acknowledgedAt === null ? incident.items : incident.acknowledgedItems;
  const severity = severityOf(incident.kind, urgentOf(incident.class, fresh.class));
  return grown >= WORSE_BY * Math.max(1, known) || isWorse(severity, incident.severity);
}

const NOBODY = { acknowledgedAt: null, acknowledgedBy: null, acknowledgedItems: 0 };

/** An incident that is told for the first time. */
export function begun(id: string, name: string, fresh: Fresh, at: Ms): Incident {
  const kind = kindIn(name);
  return {
    ...{ id, name, kind, class: fresh.class, severity: severityOf(kind, fresh.class) },
    ...{ firstAt: fresh.since, startedAt: fresh.since, openedAt: at, lastItemAt: fresh.latest },
    ...{ items: fresh.count, told: 1, toldAt: at, rung: 0, ...NOBODY, overAt: null, endedAt: null, flaps: 0 },
  };
}

/** What an incident has become by a step. */
export function after(before: Incident, step: Step, fresh: Fresh | null, at: Ms): Incident {
  const grown = grownBy(before, fresh);
  switch (step.what) {
    case 'open':
    case 'reopen':
      return {
        ...{ ...grown, ...NOBODY, overAt: null, endedAt: null, flaps: before.flaps + 1 },
        ...{ startedAt: fresh?.since ?? at, openedAt: at, items: fresh?.count ?? 0 },
        ...{ told: 1, toldAt: at, rung: 0 },
      };
    case 'resume':
      return { ...before, overAt: null, flaps: before.flaps + 1 };
    case 'repeat':
      return { ...grown, told: before.told + 1, toldAt: at };
    case 'worse': {
      const anew = { ...grown, told: 1, toldAt: at };
      // Where nobody has taken it, it goes on up the ladder from where it stands.
      return before.acknowledgedAt === null ? anew : { ...anew, ...NOBODY, openedAt: at, rung: 0 };
    }
    case 'climb':
      return { ...before, rung: step.rung, toldAt: at };
    case 'end':
      return { ...grown, overAt: step.at, endedAt: at };
  }
}

function grownBy(before: Incident, fresh: Fresh | null): Incident {
  if (fresh === null) return before;
  const worst = urgentOf(before.class, fresh.class);
  const severity = severityOf(before.kind, worst);
  return {
    ...{ ...before, class: worst, severity: isWorse(severity, before.severity) ? severity : before.severity },
    ...{ items: before.items + fresh.count, lastItemAt: Math.max(before.lastItemAt, fresh.latest) },
  };
}

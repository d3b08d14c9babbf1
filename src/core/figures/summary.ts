import type { AlertKind } from '../alerting.ts';
import type { BackupState, KeptRestoreDrill } from '../backups.ts';
import type { State } from '../delivery.ts';
import type { KeptDrill } from '../drills.ts';
import type { MessageClass } from '../message-class.ts';
import type { Ms } from '../time.ts';
import type { Range } from './cover.ts';
import type { Figures, Group, Retry } from './figures.ts';

/** Where failures came from: a recipient domain and a cause. */
export type FailingPlace = {
  recipientDomain: string;
  cause: string;
  failed: number;
  retried: number;
  /** Arrived by a retry, or by the failed attempt after all. */
  cured: number;
  saved: number;
  lost: number;
  example: string | null;
  /** After failures by this cause, the first or a later one. */
  retries: Retry[];
};

export type Trouble = { kind: AlertKind; since: Ms; detail: string };

/** One calendar day of the picture. */
export type DayBar = {
  day: string;
  firstTry: number;
  afterRetry: number;
  byFallback: number;
  lost: number;
  other: number;
};

/** Whole calendar days of a timezone. */
export type Period = Range & { firstDay: string; lastDay: string; days: number; timezone: string };

export type LostDelivery = {
  recipient: string;
  subject: string | null;
  class: MessageClass;
  state: State;
  reason: string;
};

export type Summary = {
  period: Period;
  generatedAt: Ms;
  total: Figures;
  groups: Group[];
  /** The same number of days right before; the week before, of which a part of `days` days is compared. */
  before: Figures;
  week: Figures;
  /** Share of the week that is as long as the period. */
  weekShare: number;
  places: FailingPlace[];
  alertsSent: number;
  troubles: Trouble[];
  /** The last one, whenever it was. */
  drill: KeptDrill | null;
  /** How the backups stand, and the last one that was restored to the side; null where none was ever made. */
  backups: { state: BackupState; drill: KeptRestoreDrill | null } | null;
  daily: DayBar[];
  /** Only with full details. */
  lost: LostDelivery[] | null;
};

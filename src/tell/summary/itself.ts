import type { Summary } from '../../core/figures/summary.ts';
import { ALERT_WORDS } from '../../core/words/alerts.ts';
import { lastBackupWords, lastRestoreDrillWords } from '../../core/words/backups.ts';
import { lastDrillWords } from '../../core/words/drills.ts';
import { counted, timeWords } from '../../core/words/numbers.ts';

/** The last drill, where there was one. */
export const drillWords = ({ drill, generatedAt }: Summary): string[] =>
  drill === null ? [] : [lastDrillWords(drill, generatedAt)];

/** How the backups stand, where any are made. */
export const backupWords = ({ backups, generatedAt }: Summary): string[] =>
  backups === null
    ? []
    : [
        lastBackupWords(backups.state, generatedAt),
        ...(backups.drill === null ? [] : [lastRestoreDrillWords(backups.drill, generatedAt)]),
      ];

/** The latest troubles are named, and no more of them. */
const MOST = 10;

export const alertsWords = ({ alertsSent }: Summary): string => `${counted(alertsSent, 'alert')} sent.`;

export const troublesWords = ({ troubles }: Summary): string[] =>
  troubles.length === 0
    ? ['No trouble is known.']
    : troubles.slice(-MOST).map((t) => `${timeWords(t.since)}: ${ALERT_WORDS[t.kind].headline(1)}. ${t.detail}`);

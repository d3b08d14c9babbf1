import { were } from '../../core/words/numbers.ts';
import type { Store } from '../../store/db/open.ts';
import type { Rebuilt } from '../../store/figures/rebuild.ts';
import { EXIT, plural, say, sayJson, type Terminal } from '../common/terminal.ts';
import type { Format, Options } from './options.ts';

/** Counts the figures again, and says what differed from the facts. */
export async function rebuildFigures(t: Terminal, store: Store, options: Options, format: Format): Promise<void> {
  const { rebuild } = await import('../../store/figures/rebuild.ts');
  const check = options.check === true;
  const result = await rebuild(store, { now: t.now, check, progress: progressOn(t, options) });
  if (format === 'json') sayJson(t, { agreed: result.differences.length === 0, ...result });
  else say(t, ...rebuiltWords(result, check));
  if (check && result.differences.length > 0) t.exitCode = EXIT.failed;
}

type Progress = (done: number, days: number, deliveries: number) => void;

export function progressOn(t: Terminal, { progress }: Options): Progress {
  const isTerminal = 'isTTY' in t.err && t.err.isTTY === true;
  if (!progress && !isTerminal) return () => {};
  return (done, days, deliveries) => {
    const line = `counting: day ${done} of ${days}, ${deliveries} deliveries`;
    t.err.write(isTerminal ? `\r${line}${done === days ? '\n' : ''}` : `${line}\n`);
  };
}

/** Differences that are named. */
const SHOWN = 50;
const SPAN: Record<number, string> = { 86400000: 'day', 3600000: 'hour', 900000: 'quarter of an hour' };

function rebuiltWords({ days, deliveries, differences }: Rebuilt, check: boolean): string[] {
  const done = `${plural(deliveries, 'delivery', 'deliveries')} of ${plural(days, 'day', 'days')} ${were(deliveries)} counted.`;
  if (differences.length === 0) return [done, 'The figures agree with the facts.'];
  const lines = differences.slice(0, SHOWN).map(({ span, entry: e, kept, counted: n }) => {
    const at = new Date(e.bucket).toISOString().slice(0, 16).replace('T', ' ');
    return `  ${SPAN[span]} of ${at} UTC, ${e.domain} ${e.class}, ${e.what} ${e.value}: kept ${kept}, counted ${n}`;
  });
  const more = differences.length > SHOWN ? [`  and ${differences.length - SHOWN} more`] : [];
  const verdict = check ? 'differ from the facts; nothing was changed' : 'differed from the facts and were mended';
  return [done, `${plural(differences.length, 'figure', 'figures')} ${verdict}:`, ...lines, ...more];
}

import { join } from 'node:path';
import { Eta } from 'eta';
import { DateTime } from 'luxon';
import { safeLines, shortened } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import { lengthWords, many } from '../../core/words/numbers.ts';
import { assetUrl } from './assets.ts';
import { TEXTS } from './texts.ts';

export type Data = Record<string, unknown>;

export type View = { render(name: string, data: Data): string };

/** A time as pages show it: how long ago, and exactly, with the zone. */
export type Shown = { iso: string; exact: string; relative: string };

/**
 * Templates of `views/`. What is put into one is escaped, and is safe to show whoever wrote it; `it.t` are the texts,
 * `it.time(ms)` a time, `it.link(path)` an address of ours.
 */
export function createView({ timezone, base }: { timezone: string; base: string }): View {
  const eta = new Eta({
    views: join(import.meta.dirname, 'views'),
    cache: true,
    autoFilter: true,
    // What templates are put together from is markup already, and goes through here as well.
    filterFunction: (value) => (value === null || value === undefined ? '' : safeLines(String(value), Infinity)),
  });
  return {
    render: (name, data) =>
      eta.render(name, {
        t: TEXTS,
        many,
        asset: (file: string) => base + assetUrl(file),
        link: (path: string) => base + path,
        time: (at: Ms) => shownTime(at, data['now'] as Ms, timezone),
        length: lengthWords,
        shortened,
        ...data,
      }),
  };
}

function shownTime(at: Ms, now: Ms, zone: string): Shown {
  const moment = DateTime.fromMillis(at, { zone });
  const length = lengthWords(Math.abs(now - at));
  const relative = Math.abs(now - at) < 1000 ? TEXTS.now : at <= now ? TEXTS.ago(length) : TEXTS.ahead(length);
  return { iso: moment.toUTC().toISO() ?? '', exact: moment.toFormat('yyyy-MM-dd HH:mm:ss ZZZZ'), relative };
}

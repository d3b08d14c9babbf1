import type Router from '@koa/router';
import { DateTime } from 'luxon';
import { sharedFor } from '../../base/shared.ts';
import type { State } from '../../core/delivery.ts';
import type { DayBar } from '../../core/figures/summary.ts';
import { CLASSES } from '../../core/message-class.ts';
import { queueOf } from '../../core/queue.ts';
import { DAY, HOUR, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { createStatus } from '../../http/status.ts';
import { attention } from '../../store/attention.ts';
import { backupState, lastRestoreDrill } from '../../store/backups.ts';
import { MOST_COUNTED } from '../../store/db/counted.ts';
import { lastDrill } from '../../store/drills.ts';
import { dailyBars } from '../../store/figures/daily.ts';
import { lastWebhookAt } from '../../store/inbox/inbox.ts';
import { cursor, RECONCILED } from '../../store/notes/cursors.ts';
import { standings } from '../../store/notes/health.ts';
import { waitingByClass } from '../../store/queue.ts';
import { hourInWords, hoursPicture, inHour } from '../../tell/summary/charts/hours.ts';
import { DARK, LIGHT } from '../../tell/summary/charts/theme.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import { suggestionsFor } from '../search/suggest.ts';
import { showPicture, type Width, widthIn } from './picture.ts';

/** What is counted serves everybody who looks within this time. */
const FRESH: Ms = 2 * SECOND;
const PICTURE_FRESH: Ms = MINUTE;
const WIDTHS: Record<Width, number> = { wide: 720, narrow: 320 };

/** Is mail on time, and does somebody have to do something? */
export function addOverview(router: Router, desk: Desk): void {
  const status = createStatus(desk);
  const look = sharedFor(FRESH, desk.now, () => lookAround(desk));
  const hours = sharedFor(PICTURE_FRESH, desk.now, () => hoursBefore(desk));
  router.get('/', desk.allow('support'), async (ctx) => {
    const [{ answer: said }, seen, bars] = await Promise.all([status(), look(), hours()]);
    desk.show(ctx, 'overview', {
      ...{ title: TEXTS.nav.overview, live: true, sentence: said.sentence, classes: said.classes, ...seen },
      ...{ attention: todoOf(seen.attention, desk), suggestions: suggestionsFor('', { ...desk, now: desk.now() }) },
      hours: bars.map((hour) => ({ name: hour.day, n: inHour(hour), parts: hourInWords(hour) })),
    });
  });
  const pictures = { light: drawn(LIGHT), dark: drawn(DARK) };
  function drawn(theme: typeof LIGHT) {
    const picture = (width: number) =>
      sharedFor(PICTURE_FRESH, desk.now, async () => hoursPicture(await hours(), theme, width));
    return { wide: picture(WIDTHS.wide), narrow: picture(WIDTHS.narrow) };
  }
  router.get('/hours-:theme.svg', desk.allow('support'), async (ctx) => {
    const picture = pictures[ctx['params'].theme === 'dark' ? 'dark' : 'light'];
    showPicture(ctx, await picture[widthIn(ctx)]());
  });
}

async function lookAround({ store, now, providers }: Desk) {
  const at = now();
  const [waiting, known, counts, webhookAt, reconciled, drill, backups, restoreDrill] = await Promise.all([
    waitingByClass(store, at),
    standings(store),
    attention(store, at),
    lastWebhookAt(store),
    cursor(store, RECONCILED),
    lastDrill(store, at),
    backupState(store),
    lastRestoreDrill(store),
  ]);
  const names = providers ?? [...known.keys()];
  return {
    queue: CLASSES.map((name) => ({ name, ...queueOf(waiting[name], at) })),
    providers: names.map((name) => ({ name, state: 'healthy', share: 100, since: 0, ...known.get(name) })),
    attention: counts,
    lately: {
      ...{ webhook: webhookAt, reconciled: reconciled?.at ?? null, drill: drill?.startedAt ?? null },
      ...{ backup: backups.good?.startedAt ?? null, restoreDrill: restoreDrill?.startedAt ?? null },
    },
    failed: {
      drill: drill?.passed === false,
      backup: backups.failure !== null,
      restoreDrill: restoreDrill?.passed === false,
    },
  };
}

/** What a person has to look at, with the page where it is done. */
function todoOf(counts: Awaited<ReturnType<typeof attention>>, { now, timezone }: Desk) {
  const dayAgo = DateTime.fromMillis(now() - DAY, { zone: timezone }).toFormat("yyyy-MM-dd'T'HH:mm");
  const ended = (state: State) => `/messages?${new URLSearchParams({ q: `state:${state} after:${dayAgo}` })}`;
  const pages = { ...PAGE_OF, abandoned: ended('abandoned'), expired: ended('expired') };
  return (Object.keys(counts) as (keyof typeof counts)[])
    .filter((name) => counts[name] > 0)
    .map((name) => ({ says: TEXTS.attention[name](counts[name], counts[name] >= MOST_COUNTED), to: pages[name] }));
}

const PAGE_OF = {
  senderFaults: '/alerts',
  inboxAside: '/webhooks',
  unclear: '/causes',
  alertsUnsent: '/alerts',
  holds: '/outages',
  mistakes: '/suppressions?doubtful=yes',
};

/** The last 24 whole hours and the one that runs, by the wall clock of the reports. */
async function hoursBefore({ store, now, timezone }: Desk): Promise<DayBar[]> {
  const end = Math.ceil(now() / HOUR) * HOUR;
  const hours = Array.from({ length: 24 }, (_, i) => {
    const from = end - (24 - i) * HOUR;
    return { day: DateTime.fromMillis(from, { zone: timezone }).toFormat('HH:mm'), from, to: from + HOUR };
  });
  return dailyBars(store, hours);
}

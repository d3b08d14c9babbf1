import { SECOND } from '../time.ts';
import { asSentence } from '../words/capital.ts';
import { many, percent, timeTaken, were } from '../words/numbers.ts';
import { refusedAs } from '../words/reasons.ts';
import type { Figures } from './figures.ts';
import type { FailingPlace, Summary } from './summary.ts';
import { timesOf } from './times.ts';

/** What matters most, first: what did not arrive, where it was refused, and what is different from before. */
export function sentence(summary: Summary): string {
  const parts = [
    whatArrived(summary.total, summary.before),
    whoRefused(summary.places, summary.total),
    whatChanged(summary),
  ].filter((p) => p !== null);
  return asSentence(parts.join('; '));
}

function whatArrived(t: Figures, before: Figures): string {
  const all = (n: number) => (n === 1 ? 'delivery' : 'deliveries');
  if (t.deliveries === 0) {
    return before.deliveries === 0
      ? 'no mail was asked for'
      : `no mail was asked for, after ${many(before.deliveries)} before`;
  }
  const under = t.open > 0 ? `, ${many(t.open)} ${t.open === 1 ? 'is' : 'are'} still under way` : '';
  if (t.lost > 0) return `${many(t.lost)} of ${many(t.deliveries)} ${all(t.deliveries)} did not arrive${under}`;
  if (t.arrived === t.deliveries)
    return t.arrived === 1 ? 'the one delivery arrived' : `all ${many(t.arrived)} deliveries arrived`;
  if (t.open === 0)
    return `${many(t.arrived)} of ${many(t.deliveries)} ${all(t.deliveries)} arrived, the rest was cancelled`;
  return `${many(t.arrived)} of ${many(t.deliveries)} ${all(t.deliveries)} arrived and none was lost${under}`;
}

function whoRefused([place]: readonly FailingPlace[], total: Figures): string | null {
  const failed = total.cures.reduce((sum, c) => sum + c.failed, 0);
  // When several places have one failure each, none of them is worth naming.
  if (!place || (place.failed < 2 && place.failed < failed)) return null;
  const { recipientDomain, cause, cured, saved } = place;
  const mended = [
    ...(cured > 0 ? [`${cured === place.failed && cured > 1 ? 'all' : cured} ${were(cured)} cured by a re-post`] : []),
    ...(saved > 0 ? [`${many(saved)} ${were(saved)} saved by the fallback`] : []),
  ];
  return [`${recipientDomain} refused ${many(place.failed)} ${refusedAs(cause)}`, ...mended].join(', ');
}

/** The first of these figures that differs from the week before by more than chance would explain. */
function whatChanged({ total, week, weekShare }: Summary): string | null {
  if (week.deliveries === 0 || total.deliveries === 0) return null;
  const [lostNow, lostThen] = [total.lost / total.deliveries, week.lost / week.deliveries];
  if (total.lost >= 3 && lostNow > 2 * lostThen)
    return `${percent(lostNow)} were lost, against ${percent(lostThen)} in the week before`;
  if (week.lost >= 5 && lostNow < lostThen / 2 && total.deliveries >= 20)
    return `${percent(lostNow)} were lost, down from ${percent(lostThen)} in the week before`;
  const [now, then] = [timesOf(total.times), timesOf(week.times)];
  if (now.p95 !== null && then.p95 !== null && now.n >= 20 && now.p95 > 2 * then.p95 && now.p95 > 30 * SECOND)
    return `one in twenty took ${timeTaken(now.p95)} or longer, against ${timeTaken(then.p95)} in the week before`;
  const usual = Math.round(week.deliveries * weekShare);
  const much = Math.max(total.deliveries, usual) >= 20;
  if (much && (total.deliveries > 2 * usual || total.deliveries < usual / 2))
    return `there were ${many(total.deliveries)} deliveries, against ${many(usual)} in as many days of the week before`;
  return null;
}

import { readFile } from 'node:fs/promises';
import type Router from '@koa/router';
import type { Context } from 'koa';
import { DateTime } from 'luxon';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { parse } from '../../base/parse.ts';
import { sharedFor } from '../../base/shared.ts';
import { judgeBy } from '../../classifier/judge.ts';
import { parseRules, problemWords } from '../../classifier/own-rules.ts';
import { EFFECT_WORDS, rulingWords } from '../../classifier/replay-words.ts';
import { causeWords, dedicatedIpWords, helpWords } from '../../core/figures/cures.ts';
import { figuresOf } from '../../core/figures/figures.ts';
import { safeJson } from '../../core/safe-text.ts';
import { DAY, MINUTE, SECOND } from '../../core/time.ts';
import { percent } from '../../core/words/numbers.ts';
import { shortReason } from '../../core/words/reasons.ts';
import { placesOf } from '../../store/figures/places.ts';
import { readTotals } from '../../store/figures/read-sums.ts';
import { unknownReplies } from '../../store/unclear.ts';
import type { Desk } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import { type Replayed, replay } from './replay.ts';

/** Of how many days the figures are, by what may be asked for. */
const SPANS = [7, 30, 90] as const;
type Span = (typeof SPANS)[number];

const FRESH = MINUTE;
const PLACES = 25;
/** The latest so many unclear replies are looked at. */
const MOST_UNCLEAR = 500;
const UNCLEAR_DAYS = 7;
const LONGEST_RULES = 64_000;
/** A replay ends before the page would be given up. */
const PATIENCE = 20 * SECOND;

/** Does trying again help, which replies does nobody know, and what would other rules do? */
export function addCauses(router: Router, desk: Desk): void {
  const figures = new Map(SPANS.map((days) => [days, sharedFor(FRESH, desk.now, () => curesOf(desk, days))]));
  const unclear = sharedFor(10 * SECOND, desk.now, () => unclearOf(desk));
  router.get('/causes', desk.allow('support'), async (ctx) => {
    const { days } = parse(SEARCH, { ...ctx.query });
    const [cures, replies] = await Promise.all([figures.get(days)?.(), unclear()]);
    const isOwner = desk.isFor(ctx, 'owner');
    desk.show(ctx, 'causes', {
      ...{ title: TEXTS.nav.causes, days, spans: SPANS, cures, replies, unclearDays: UNCLEAR_DAYS },
      ...(isOwner ? { ...(await rulesNow(desk)), replayDays: 7 } : {}),
    });
  });
  let isBusy = false;
  router.post('/causes/replay', desk.allow('owner'), async (ctx) => {
    const given = await formIn(ctx, desk);
    const { rules, problems } = parseRules(given.rules);
    if (problems.length > 0)
      return showReplay(ctx, desk, { ...given, problems: problems.map(problemWords), done: null });
    if (isBusy) throw new AppError('unavailable', TEXTS.causes.busy);
    isBusy = true;
    try {
      const now = desk.now();
      const { present } = desk;
      const other = { ...present, judge: judgeBy(rules) };
      const done = await replay(desk.store, { now, since: now - given.days * DAY, present, other, patience: PATIENCE });
      showReplay(ctx, desk, { ...given, problems: [], done });
    } finally {
      isBusy = false;
    }
  });
}

const daysIn = z.coerce
  .number()
  .int()
  .refine((days) => (SPANS as readonly number[]).includes(days), 'must be 7, 30 or 90');
const SEARCH = z.object({ days: daysIn.default(30).transform((days) => days as Span) });

const REPLAY = z.object({
  rules: z.string().max(LONGEST_RULES, `must have ${LONGEST_RULES} characters at most`),
  days: daysIn,
});

const formIn = async (ctx: Context, desk: Desk) => parse(REPLAY, Object.fromEntries(await desk.formOf(ctx)));

type Shown = { rules: string; days: number; problems: readonly string[]; done: Replayed | null };

function showReplay(ctx: Context, desk: Desk, { rules, days, problems, done }: Shown): void {
  const result = done && {
    ...done,
    effects: Object.entries(done.comparison.effects).map(([name, counts]) => ({
      ...{ says: EFFECT_WORDS[name as keyof typeof EFFECT_WORDS], ...counts },
    })),
    moves: Object.entries(done.comparison.moves).sort(([, a], [, b]) => b - a),
    examples: done.examples.map(({ change, ...one }) => ({
      ...{ ...one, before: rulingWords(change.from), after: rulingWords(change.to) },
    })),
  };
  desk.show(ctx, 'replay', { title: TEXTS.causes.replay, spans: SPANS, rules, replayDays: days, problems, result });
}

/** The whole days up to today. */
async function curesOf({ store, now, timezone }: Desk, days: Span) {
  const end = DateTime.fromMillis(now(), { zone: timezone }).startOf('day').plus({ days: 1 });
  const range = { from: end.minus({ days }).toMillis(), to: end.toMillis() };
  const [sums, places] = await Promise.all([
    readTotals(store, range, ['deliveries', 'cause', 'retry']),
    placesOf(store, range, PLACES),
  ]);
  const total = figuresOf(sums);
  const rate = (cured: number, retried: number) => (retried === 0 ? '–' : percent(cured / retried));
  return {
    says: [helpWords(total.retries), dedicatedIpWords(total), ...causeWords(total)],
    byCause: total.cures.map((c) => ({ ...c, says: shortReason(c.cause), rate: rate(c.cured, c.retried) })),
    byPlace: places.map((p) => ({ ...p, says: shortReason(p.cause), rate: rate(p.cured, p.retried) })),
  };
}

async function unclearOf({ store, now }: Desk) {
  const replies = await unknownReplies(store, now() - UNCLEAR_DAYS * DAY, MOST_UNCLEAR);
  return replies.map((reply) => ({ ...reply, rule: safeJson(reply.rule, 2) }));
}

/** What stands in the file of own rules, to be changed and tried. */
async function rulesNow({ rulesFile, log }: Desk): Promise<{ rules: string; problems: string[] }> {
  const none = { rules: '[]', problems: [] };
  if (rulesFile === undefined) return none;
  try {
    const text = (await readFile(rulesFile, 'utf8')).replace(/^\uFEFF/, '');
    if (text.length > LONGEST_RULES) return { ...none, problems: [TEXTS.causes.longFile(LONGEST_RULES)] };
    return { rules: text || '[]', problems: [] };
  } catch (error) {
    log.warn({ error }, 'the file of rules could not be read for a page');
    return { ...none, problems: [TEXTS.causes.noFile] };
  }
}

// What is told of a figure that rings: how much of which mail, since when, and what the rule says.
import { safeLine } from '../safe-text.ts';
import { DAY, HOUR, type Ms } from '../time.ts';
import { counted, lengthWords, many, timeWords } from '../words/numbers.ts';
import type { Reading, Scope, Standing } from './judge.ts';
import { type Measure, type Rule, UNIT } from './rule.ts';

type Figure = Omit<Reading, 'scope'>;
type Said = (rule: Rule, figure: Figure, mail: string) => string;

const SENTENCES: Record<Measure, Said> = {
  bounced: (rule, { bad, of, value }, mail) =>
    `${many(bad)} of ${many(of)} ${mail} bounced ${lately(rule.window)}, ${shareWords(value)}`,
  complained: (rule, { bad, of, value }, mail) =>
    `${many(bad)} of ${many(of)} ${mail} were called spam ${lately(rule.window)}, ${shareWords(value)}`,
  delivered: (rule, { bad, of, value }, mail) =>
    `${many(of - bad)} of ${many(of)} ${mail} that came to an end ${lately(rule.window)} arrived, ${shareWords(value)}`,
  deferred: (rule, { bad, of, value }, mail) =>
    `${many(bad)} of ${many(of)} ${mail} were put off ${lately(rule.window)}, ${shareWords(value)}`,
  polled: (rule, { bad, of, value }, mail) =>
    `${many(bad)} of ${counted(of, 'event')} about ${mail} came by no webhook ${lately(rule.window)}, ${shareWords(value)}`,
  overdue: (rule, { bad, of, value }, mail) =>
    `${many(bad)} of ${many(of)} ${mail} did not arrive within ${lengthWords(rule.within)}, ${shareWords(value)}`,
  slow: (rule, { of, value }, mail) =>
    `of ${many(of)} ${mail} that arrived ${lately(rule.window)}, one of twenty took ${lengthWords(value)} or longer`,
  backlog: (_, { value }, mail) => `${many(value)} ${mail} ${value === 1 ? 'waits' : 'wait'} to be handed over`,
  flatline: (rule, { bad, of }, mail) =>
    `${bad === 0 ? 'none' : many(bad)} of the ${mail} ${bad === 1 ? 'was' : 'were'} sent ${lately(rule.window)}; usually it is about ${many(of)}`,
};

const lately = (window: Ms): string =>
  window === HOUR ? 'in the last hour' : window === DAY ? 'in the last day' : `in the last ${lengthWords(window)}`;

/** A figure as a sentence without its end: `12 of 180 mails to example.com bounced in the last hour, 6.7 %`. */
export const figureWords = (rule: Rule, scope: Scope, figure: Figure): string =>
  SENTENCES[rule.measure](rule, figure, mailWords(rule, scope, rule.measure === 'backlog' && figure.value === 1));

/** Which mail it is: `access mails of mg.example.com to example.com`. */
function mailWords({ measure }: Pick<Rule, 'measure'>, { domain, class: kind, about }: Scope, isOne = false): string {
  const of = domain === '' ? '' : ` of ${safeLine(domain)}`;
  const which = about === '' ? '' : measure === 'flatline' ? ` with the ${safeLine(about)}` : ` to ${safeLine(about)}`;
  return `${kind === '' ? '' : `${safeLine(kind)} `}${isOne ? 'mail' : 'mails'}${of}${which}`;
}

/** A value in the unit of its measure. */
export function valueWords(measure: Measure, value: number): string {
  const unit = UNIT[measure];
  if (unit === 'share') return shareWords(value);
  return unit === 'length' ? lengthWords(value) : many(value);
}

/** Two places where it matters: complaints are counted in thousandths. */
function shareWords(share: number): string {
  const p = 100 * share;
  return `${p === 0 || p >= 99.995 ? Math.round(p) : p < 1 ? Number(p.toPrecision(2)) : Number(p.toFixed(1))} %`;
}

export const ringWords = (rule: Rule, scope: Scope, { beyondSince, worst }: Standing): string =>
  `${rule.name}: ${figureWords(rule, scope, worst)}${ruleWords(rule)}. It is so since ${timeWords(beyondSince)}.`;

/** What a flatline compares with stands in its sentence. */
const ruleWords = ({ measure, rings }: Rule): string =>
  measure === 'flatline' ? '' : `; the rule says ${valueWords(measure, rings)}`;

/** Why it does not ring any more. */
export type Cleared = 'well' | 'little' | 'gone';

export function clearWords(
  rule: Rule,
  { scope, standing, reading, why }: { scope: Scope; standing: Standing; reading: Reading | null; why: Cleared },
  now: Ms,
): string {
  const rangFor = lengthWords(Math.max(0, now - (standing.rangAt ?? now)));
  return `${rule.name}: it is over after ${rangFor}: ${reasonWords(rule, scope, reading, why)}.`;
}

function reasonWords(rule: Rule, scope: Scope, reading: Reading | null, why: Cleared): string {
  if (why === 'gone') return `no rule of this name is about the ${mailWords(rule, scope)} any more`;
  if (why === 'little' || reading === null) return `too few ${mailWords(rule, scope)} were sent to say`;
  const words = figureWords(rule, scope, reading);
  return rule.measure === 'flatline' ? words : `${words}; it clears at ${valueWords(rule.measure, rule.clears)}`;
}

// What happened to mail, in sums by time, mail and recipient domain.
import type { Knex } from 'knex';
import { groupBy } from '../../core/group.ts';
import type { Scope } from '../../core/thresholds/judge.ts';
import type { Party, SignSum } from '../../core/thresholds/measured.ts';
import type { Dimension, Rule } from '../../core/thresholds/rule.ts';
import { SIGNS, type Signs } from '../../core/thresholds/signs.ts';
import { HOUR, MINUTE, type Ms } from '../../core/time.ts';
import { addOnce } from '../db/added-once.ts';
import type { Store } from '../db/open.ts';
import { addUp } from '../db/statements.ts';
import { transact } from '../db/transact.ts';

export type MailSign = Party & { signs: Signs };

/** The lengths of the buckets, and how many recipient domains have a sum of their own in one. */
const SPANS = [
  { span: 5 * MINUTE, receivers: 100 },
  { span: HOUR, receivers: 300 },
] as const;
const OTHERS = '';

/** Longer times are read by the hour. */
const FINE_FOR: Ms = 6 * HOUR;
/** The longest that a rule may look back. */
const LONGEST_WINDOW: Ms = 31 * 24 * HOUR;

/** Buckets that begin after this moment are within the time up to now: never more of it, and a bucket less at the most. */
function bucketsIn(window: Ms, now: Ms): { span: Ms; from: Ms } {
  const { span } = window > FINE_FOR ? SPANS[1] : SPANS[0];
  return { span, from: Math.ceil((now - window) / span) * span };
}

export async function addMailSigns(store: Store, signs: readonly MailSign[], now: Ms): Promise<void> {
  if (signs.length === 0) return;
  await addOnce(store, now, async (tx) => {
    for (const { span, receivers } of SPANS) {
      const bucket = now - (now % span);
      const admitted = await admittedIn(tx, { span, bucket }, { signs, most: receivers });
      const rows = [...groupBy(admitted, keyOf)].sort(([a], [b]) => (a < b ? -1 : 1));
      await addUp(
        tx,
        { table: 'mail_signs', keys: ['span', 'bucket', 'domain', 'class', 'receiver'], sums: SIGNS },
        rows.map(([, [first, ...more]]) => ({ span, bucket, ...partyOf(first), ...sumOf([first, ...more]) })),
      );
    }
  });
}

const keyOf = ({ domain, class: kind, receiver }: Party): string => `${domain}\n${kind}\n${receiver}`;
const partyOf = ({ domain, class: kind, receiver }: Party): Party => ({ domain, class: kind, receiver });

const sumOf = (signs: readonly MailSign[]): Signs =>
  Object.fromEntries(SIGNS.map((name) => [name, signs.reduce((sum, one) => sum + (one.signs[name] ?? 0), 0)]));

/** Recipient domains that are counted already, or for which there is room, keep their names. */
async function admittedIn(
  tx: Knex.Transaction,
  where: { span: Ms; bucket: Ms },
  { signs, most }: { signs: readonly MailSign[]; most: number },
): Promise<MailSign[]> {
  const known = new Set<string>(await tx('mail_signs').where(where).distinct().pluck('receiver'));
  return signs.map((sign) => {
    const isAdmitted = known.has(sign.receiver) || known.size < most;
    if (isAdmitted) known.add(sign.receiver);
    return isAdmitted ? sign : { ...sign, receiver: OTHERS };
  });
}

/** So many sums are read for a rule, those with most mail; of recipient domains fewer. */
const MOST_SCOPES = 200;
const MOST_RECEIVERS = 50;

/** What was counted within the window of a rule, by its dimensions. */
export async function signSums(
  { db }: Store,
  rule: Pick<Rule, 'per' | 'only' | 'window'>,
  now: Ms,
): Promise<SignSum[]> {
  const { span, from } = bucketsIn(rule.window, now);
  const rows = db('mail_signs').where({ span }).where('bucket', '>=', from);
  const by = dimensionsOf(rule);
  for (const name of by) if (rule.only[name] !== null) rows.where({ [name]: rule.only[name] });
  if (by.includes('receiver')) rows.whereNot({ receiver: OTHERS });
  if (by.length > 0) rows.groupBy(by);
  const sums = SIGNS.map((name) => db.raw('sum(??) as ??', [name, name]));
  const size = SIGNS.map((name) => `sum(${name})`).join(' + ');
  const found: (Partial<Party> & Record<string, string | number | null>)[] = await rows
    .select([...by, ...sums])
    .orderByRaw(`${size} desc`)
    .limit(by.includes('receiver') ? MOST_RECEIVERS : MOST_SCOPES);
  return found.flatMap((row) => {
    const signs = Object.fromEntries(SIGNS.map((name) => [name, Number(row[name] ?? 0)]));
    const isEmpty = SIGNS.every((name) => signs[name] === 0);
    return isEmpty ? [] : [{ scope: scopeIn(row), signs }];
  });
}

const dimensionsOf = ({ per, only }: Pick<Rule, 'per' | 'only'>): Dimension[] =>
  (['domain', 'class', 'receiver'] as const).filter((name) => per.includes(name) || only[name] !== null);

const scopeIn = ({ domain = '', class: kind, receiver = '' }: Partial<Party>): Scope => ({
  domain,
  class: kind ?? '',
  about: receiver,
});

/** What nobody looks at any more; says how many rows went. */
export function forgetMailSigns(store: Store, now: Ms): Promise<number> {
  const [fine, coarse] = SPANS;
  return transact(store, async (tx) => {
    const old = (span: Ms, before: Ms) => tx('mail_signs').where({ span }).where('bucket', '<', before).delete();
    return (await old(fine.span, now - FINE_FOR - HOUR)) + (await old(coarse.span, now - LONGEST_WINDOW - HOUR));
  });
}

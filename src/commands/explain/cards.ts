// The answer to "where is Anna's mail?" on a terminal.
import type { Card, ShownSupport } from '../../contract/support.ts';
import type { Ms } from '../../core/time.ts';
import { timeWords } from '../../core/words/numbers.ts';
import { agoWords, quoted } from '../../core/words/support.ts';
import { MOST_COUNTED } from '../../store/db/counted.ts';
import { paint, printable, type Terminal, wrapped } from '../common/terminal.ts';

/** All that is known of the mail to one person: the answer first, then a table for each mail. */
export function recipientLines(terminal: Terminal, support: ShownSupport, now: Ms): string[] {
  const { recipient, sentence, suppression, mails, next, more } = support;
  const lines = [paint(terminal, 'bold', printable(recipient)), wrapped('  ', sentence)];
  if (suppression) lines.push('', ...suppressionLines(suppression, now));
  if (support.doesNotProve !== undefined) lines.push(wrapped('  ', support.doesNotProve));
  if (support.near !== undefined && support.near.length > 0)
    lines.push(wrapped('  ', `Is it one of these? ${support.near.join(', ')}`));
  for (const card of mails) {
    const subject = card.subject === null ? '(no subject known)' : `"${printable(card.subject)}"`;
    lines.push('', paint(terminal, 'bold', subject));
    lines.push(wrapped('  ', `from ${card.from}, class ${card.class}, ${moment(card.createdAt, now)}`));
    lines.push(...cardLines(terminal, card, now), `  The whole story: homing explain ${card.message}`);
  }
  if (next !== null) {
    const count = more >= MOST_COUNTED ? `${MOST_COUNTED} or more` : String(more);
    lines.push('', `${count} older: homing explain ${quoted(recipient)} --cursor ${next}`);
  }
  return lines;
}

/** Where one mail stands, in a sentence and a short table. */
export function cardLines(terminal: Terminal, card: Card, now: Ms): string[] {
  const { lastAttempt, lastError, nextRetry, provider } = card;
  const through = provider === null ? '' : `, attempt ${card.attempt} through ${provider}`;
  return [
    wrapped('  ', `${card.state.toUpperCase()}: ${card.sentence}`),
    '',
    row('state', `${card.state}${through}`),
    row(
      'last try',
      lastAttempt === null
        ? 'none yet'
        : `${moment(lastAttempt.at, now)}, through ${lastAttempt.provider}. ${lastAttempt.sentence}`,
    ),
    ...(lastError === null ? [] : [row('last error', `${moment(lastError.at, now)}. ${lastError.sentence}`)]),
    ...(lastError?.reply ? [row('reply', lastError.reply)] : []),
    row('next try', `${card.nextSentence}${nextRetry?.at ? ` That is ${since(nextRetry.at, now)}.` : ''}`),
    ...(card.traffic ? [row('mail now', card.traffic.sentence)] : []),
    row('not proved', card.doesNotProve),
    paint(terminal, 'bold', '  You can:'),
    ...card.canDo.flatMap((deed) => deedLines(deed, now)),
  ];
}

function suppressionLines({ sentence, since: from, reply, canDo }: NonNullable<ShownSupport['suppression']>, now: Ms) {
  return [
    wrapped('  ', sentence),
    row('on the list', `since ${moment(from, now)}`),
    ...(reply === null ? [] : [row('reply', reply)]),
    ...canDo.flatMap((deed) => deedLines(deed, now)),
  ];
}

type ShownDeed = { sentence: string; command: string | null; call: string | null; from?: string | null };

/** A command stands on a line of its own, unbroken, so that it can be copied. */
function deedLines({ sentence, command, call, from }: ShownDeed, now: Ms): string[] {
  const how = command ?? call;
  const early = from != null && Date.parse(from) > now ? ` It is not before ${moment(from, now)}.` : '';
  return [wrapped('  - ', `${sentence}${early}`), ...(how === null ? [] : [`    ${printable(how)}`])];
}

const row = (label: string, text: string): string => wrapped(`  ${label.padEnd(12)}`, text);

const moment = (at: string | null, now: Ms): string =>
  at === null ? 'at a time that is not known' : `${timeWords(Date.parse(at))} (${since(at, now)})`;

const since = (at: string, now: Ms): string => agoWords(Date.parse(at), now);

import { sumSendings } from '../../core/care/sendings.ts';
import type { What } from '../../core/figures/counts.ts';
import { ASKED_FROM } from '../../core/one-click.ts';
import { DAY, type Ms } from '../../core/time.ts';
import { many } from '../../core/words/numbers.ts';
import type { Store } from '../../store/db/open.ts';
import { readSums } from '../../store/figures/read-sums.ts';
import { sendingsSince } from '../../store/figures/sendings.ts';
import { type Finding, ok, warning } from './finding.ts';

const DAYS = 7;
/** Who asks for it by their published rules. */
const ASKING = new Set(['google', 'yahoo']);

/** Whether bulk mail of late lets its recipients unsubscribe with one click, and whether somebody asks for it. */
export async function checkUnsubscribing(store: Store, now: Ms): Promise<Finding[]> {
  const range = { from: now - DAYS * DAY, to: now + 1 };
  const sums = (await readSums(store, range, ['deliveries', 'no_one_click'])).filter(
    ({ class: kind }) => kind === 'bulk',
  );
  const count = (what: What) => sums.reduce((all, sum) => all + (sum.what === what ? sum.n : 0), 0);
  const [all, lacking] = [count('deliveries'), count('no_one_click')];
  if (all === 0) return [];
  if (lacking === 0) return [ok('unsubscribing', `no bulk mail of the last ${DAYS} days is known to lack one click`)];
  const says = `${many(lacking)} of ${many(all)} bulk mails of the last ${DAYS} days can not be unsubscribed from with one click`;
  return [warning('unsubscribing', `${says}${await asked(store, now)}`, MEND)];
}

const MEND =
  'send List-Unsubscribe with an https link and "List-Unsubscribe-Post: List-Unsubscribe=One-Click" (RFC 8058), and check a mail that arrived with "homing reputation --received"';

async function asked(store: Store, now: Ms): Promise<string> {
  const late = (await sendingsSince(store, now - DAYS * DAY)).filter(({ mailbox }) => ASKING.has(mailbox));
  const days = sumSendings(late, ({ day, mailbox }) => `${day} ${mailbox}`);
  const most = days.toSorted((a, b) => b.arrived - a.arrived)[0];
  return most && most.arrived >= ASKED_FROM
    ? `; ${most.mailbox} got ${many(most.arrived)} on one day, and wants it of bulk senders (Gmail from ${many(ASKED_FROM)} a day on, Yahoo without a number)`
    : '';
}

import { domainOf } from '../core/address.ts';
import type { Sighting } from '../core/sighting.ts';
import { DAY, type Ms } from '../core/time.ts';
import type { Verdict } from '../core/verdict.ts';
import type { Store } from '../store/db/open.ts';
import { takingMail } from '../store/projections/mail-domains.ts';

/** Domains that exist beyond doubt, whatever a lookup says of them. */
const BIG = new Set(
  'gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com aol.com icloud.com me.com mac.com gmx.de gmx.net web.de t-online.de freenet.de proton.me protonmail.com fastmail.com zoho.com orange.fr free.fr laposte.net libero.it mail.ru yandex.ru yandex.com qq.com 163.com 126.com naver.com comcast.net verizon.net att.net sbcglobal.net cox.net btinternet.com'.split(
    ' ',
  ),
);

/** A domain at which mail arrived in this time has not died without a trace. */
const RECENTLY: Ms = 30 * DAY;

type About = Pick<Sighting, 'recipient' | 'recipientProvider'>;

/** Says of an event whether the domain of its recipient takes mail for all that is known. */
export type IsAlive = (about: About) => boolean;

/** What is known of the domains of these recipients. */
export async function aliveAmong(store: Store, events: readonly About[], now: Ms): Promise<IsAlive> {
  const taking = await takingMail(store, events.map(domainIn), now - RECENTLY);
  return (about) => {
    const domain = domainIn(about);
    // Mailgun looks the provider up by the domain's mail servers.
    const isOfProvider = about.recipientProvider !== null && about.recipientProvider !== 'Other';
    return isOfProvider || BIG.has(domain) || taking.has(domain);
  };
}

const domainIn = ({ recipient }: About): string => domainOf(recipient ?? '');

/** A lookup that fails for a living domain is trouble on the way to it, and says nothing about the address. */
export function judgedAlive(verdict: Verdict): Verdict {
  return verdict.cause === 'bad_domain' ? { ...verdict, cause: 'network', decision: 'retry_later' } : verdict;
}

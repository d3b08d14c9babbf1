// What `o:`, `h:` and `v:` say, and what Mailgun refuses of it.
import addressparser from 'nodemailer/lib/addressparser';
import { DAY, HOUR, MINUTE, type Ms } from '../../core/time.ts';
import { fieldOf, momentIn } from './form.ts';
import type { SimRequest, World } from './world.ts';

export type Header = [name: string, value: string];

export type Options = {
  deliverAt: Ms | null;
  /** How long Mailgun may try, from the time of delivery on; null for as long as it does. */
  deliverWithin: Ms | null;
  testMode: boolean;
  tags: string[];
  variables: Record<string, string>;
  messageId: string | null;
  /** Without the message id, and without those that say how the mail is written. */
  headers: Header[];
};

const OPTIONS_LIMIT = 16 * 1024;
const RECIPIENTS_LIMIT = 1000;

/** The options, or what is wrong with them. */
export function optionsIn(world: World, request: SimRequest): Options | string {
  const named = Object.entries(request.fields).filter(([name]) => /^[ohvt]:/.test(name));
  const size = named.reduce((sum, [name, values]) => sum + Buffer.byteLength(name + values.join('')), 0);
  if (size > OPTIONS_LIMIT) return "'o:', 'v:', 'h:' and 't:' parameters are limited to 16 KB in all";
  if (recipientsIn(request, 'to', 'cc', 'bcc').length > RECIPIENTS_LIMIT) {
    return `a message can have ${RECIPIENTS_LIMIT} recipients at most`;
  }
  const deliverAt = deliveryTimeIn(world, request);
  if (typeof deliverAt === 'string') return deliverAt;
  const deliverWithin = deliverWithinIn(request);
  if (typeof deliverWithin === 'string') return deliverWithin;
  return {
    deliverAt,
    deliverWithin,
    testMode: ['yes', 'true'].includes(fieldOf(request, 'o:testmode') ?? ''),
    tags: request.fields['o:tag'] ?? [],
    variables: Object.fromEntries(prefixed(named, 'v:')),
    messageId: fieldOf(request, 'h:Message-Id'),
    headers: prefixed(named, 'h:').filter(([name]) => !OF_THE_COMPOSER.test(name)),
  };
}

/** Clients that send all headers of a mail along send these as well; the mail gets its own. */
const OF_THE_COMPOSER = /^(?:message-id|mime-version|content-.*)$/i;

/** `o:deliverytime` as a moment, null when there is none, or what is wrong with it. */
export function deliveryTimeIn(world: World, request: SimRequest): Ms | null | string {
  const text = fieldOf(request, 'o:deliverytime');
  if (text === null) return null;
  const at = momentIn(text);
  if (at === null) return "'o:deliverytime' parameter is not a valid RFC 2822 date";
  const latest = world.clock() + (world.options.retention ?? world.quirks.scheduleHorizon);
  return at > latest ? "'o:deliverytime' parameter is too far in the future" : at;
}

/** Hours and minutes, as in `1h30m`: from 5 minutes to 24 hours. */
function deliverWithinIn(request: SimRequest): Ms | null | string {
  const text = fieldOf(request, 'o:deliver-within');
  if (text === null) return null;
  const [, hours, minutes] = /^(\d+)h(\d+)m$/.exec(text) ?? [];
  const within = Number(hours) * HOUR + Number(minutes) * MINUTE;
  return within >= 5 * MINUTE && within <= DAY ? within : "'o:deliver-within' parameter is invalid";
}

function prefixed(named: [string, string[]][], prefix: string): Header[] {
  return named
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, values]) => [name.slice(prefix.length), values[0] ?? '']);
}

/** The addresses in texts, each once, as written: Mailgun's reading, which need not be that of the product. */
export function addressesIn(texts: string[]): string[] {
  return [...new Set(addressparser(texts.join(', '), { flatten: true }).map((mailbox) => mailbox.address))];
}

/** The addresses in these fields, each once, as written. */
export function recipientsIn(request: SimRequest, ...names: string[]): string[] {
  return addressesIn(names.flatMap((name) => request.fields[name] ?? []));
}

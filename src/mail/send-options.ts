import { asciiLower } from '../core/address.ts';
import { MAX_OPTIONS } from './limits.ts';

type Entry = readonly [name: string, value: unknown];
type Ids = { id: string; messageId: string };

/** What a message may have of its own when it goes to Mailgun; each as long as it can be. */
const ownOptions = ({ id, messageId }: Ids): Entry[] => [
  ['v:homing-id', id],
  ['h:Message-Id', `<${messageId}>`],
  ['o:deliver-within', '23h59m'],
  ['o:deliverytime', 'Wed, 25 Nov 2026 10:00:00 +0000'],
];

/** In their place, whatever was given. */
const OWN = new Set([
  ...ownOptions({ id: '', messageId: '' }).map(([name]) => asciiLower(name)),
  'h:x-mailgun-deliver-by',
]);

const sizeOf = (options: readonly Entry[]): number =>
  options.reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}${value}`), 0);

export const isOption = (name: string): boolean => /^[ohvt]:/i.test(name);

/** Bytes of the options that a form gives to Mailgun, beside our own. */
export const optionBytes = (form: readonly Entry[]): number =>
  sizeOf(form.filter(([name, value]) => isOption(name) && typeof value === 'string' && !OWN.has(asciiLower(name))));

/**
 * Bytes that they may have: Mailgun takes 16 KB of options, which are all parameters `o:`, `h:`, `v:` and `t:`
 * (documentation.mailgun.com, "Send an email").
 */
export const roomForOptions = (ids: Ids): number => MAX_OPTIONS - sizeOf(ownOptions(ids));

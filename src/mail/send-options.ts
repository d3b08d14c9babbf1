import { asciiLower } from '../core/address.ts';
import { MAX_OPTIONS } from './limits.ts';

type Entry = readonly [name: string, value: unknown];

/** What a message has of its own when it goes to Mailgun, whatever it was given under these names; each as long as it can be. */
const ownOptions = ({ id, messageId }: { id: string; messageId: string }): Entry[] => [
  ['v:homing-id', id],
  ['h:Message-Id', `<${messageId}>`],
  ['o:deliver-within', '23h59m'],
];

const OWN = new Set(ownOptions({ id: '', messageId: '' }).map(([name]) => asciiLower(name)));

const sizeOf = (options: readonly Entry[]): number =>
  options.reduce((sum, [name, value]) => sum + Buffer.byteLength(`${name}${value}`), 0);

/** Bytes of the options that a form gives to Mailgun, beside our own. */
export const optionBytes = (form: readonly Entry[]): number =>
  sizeOf(
    form.filter(([name, value]) => /^[ohvt]:/i.test(name) && typeof value === 'string' && !OWN.has(asciiLower(name))),
  );

/**
 * Bytes that they may have: Mailgun takes 16 KB of options, which are all parameters `o:`, `h:`, `v:` and `t:`
 * (documentation.mailgun.com, "Send an email").
 */
export const roomForOptions = (ids: { id: string; messageId: string }): number => MAX_OPTIONS - sizeOf(ownOptions(ids));

import { z } from 'zod';
import { fitted, isId } from '../base/ids.ts';
import { parseMoment } from '../base/moment.ts';
import { parse } from '../base/parse.ts';
import { canonicalDomain } from '../core/address.ts';
import { readKey } from '../mail/key.ts';
import { MAX_KEY, MAX_LINE, MAX_PROVIDER, MAX_RECIPIENTS } from '../mail/limits.ts';
import { hasControls, oneLine, unfolded } from '../mail/line.ts';
import { readMessageId } from '../mail/message-id.ts';
import { addressesIn } from '../mail/recipients.ts';

/** What an application tells of a message that it has sent, or is about to send. */
export type ToldMessage = z.output<ReturnType<typeof toldWith>>;

/** Throws `AppError` with every problem at once. `classes` are the names that a message may give its class. */
export const readTold = (input: unknown, classes: readonly string[]): ToldMessage => parse(schemaFor(classes), input);

let made: { names: string; schema: ReturnType<typeof toldWith> } | null = null;

/** Made once: the classes of a process stay the same. */
function schemaFor(classes: readonly string[]): ReturnType<typeof toldWith> {
  const names = classes.join();
  made = made?.names === names ? made : { names, schema: toldWith(classes) };
  return made.schema;
}

const line = z
  .string({ error: 'must be text' })
  .overwrite(unfolded)
  .trim()
  .min(1, 'must not be empty')
  .max(MAX_LINE, `must have at most ${MAX_LINE} characters`)
  .refine((text) => !hasControls(text), 'must not contain control characters')
  .transform(oneLine);

/** A text that `read` accepts. If it gives null, that is a problem in these words. */
const textBy = <T>(read: (given: string) => T | null, problem: string) =>
  z.string({ error: 'must be text' }).transform((given, ctx) => {
    const made = read(given);
    if (made !== null) return made;
    ctx.addIssue({ code: 'custom', message: problem });
    return z.NEVER;
  });

const messageId = textBy(readMessageId, `must be a Message-Id of at most ${MAX_LINE} printable ASCII characters`);
const key = textBy(readKey, `must have 1 to ${MAX_KEY} characters, none of them a control character`);
const domain = textBy((given) => canonicalDomain(given.trim()), 'must be a domain');

/** Lists and comma strings, with names and groups, as mail clients take them. Problems name the position, not the address. */
const recipients = z
  .union([z.string(), z.array(z.string()).max(MAX_RECIPIENTS)], {
    error: 'must be a list of addresses or a comma list',
  })
  .transform((given, ctx) => {
    const texts = [given].flat().map(unfolded);
    return texts.flatMap((text, index) => {
      const place = typeof given === 'string' ? [] : [index];
      const addresses = hasControls(text) ? [null] : firstOf(addressesIn(text), MAX_RECIPIENTS + 1);
      if (addresses.length === 0) ctx.addIssue({ code: 'custom', path: place, message: 'names no address' });
      return addresses.map((address, n) => {
        const which = addresses.length > 1 ? `address ${n + 1} ` : '';
        if (address === null)
          ctx.addIssue({ code: 'custom', path: place, message: `${which}is not a plain e-mail address` });
        return address ?? '';
      });
    });
  });

/** Takes one more than may be, at most: then the list is refused, however long it is. */
function firstOf<T>(all: Iterable<T>, most: number): T[] {
  const first: T[] = [];
  for (const one of all) if (first.push(one) === most) break;
  return first;
}

const moment = z
  .union([z.string(), z.number().transform(String)], { error: 'must be a time' })
  .transform((text) => parseMoment(text))
  .refine((at) => at !== null, 'must be a time: ISO 8601 or milliseconds since the epoch');

/** Mailgun takes ten. */
const MAX_TAGS = 100;

const REPLY_CODE = 'must be the code of an SMTP reply from 400 to 599';

export const toldWith = (classes: readonly string[]) =>
  z
    .object(
      {
        messageId,
        domain,
        from: line,
        to: recipients.refine((all) => all.length > 0, 'must name a recipient'),
        cc: recipients.optional(),
        bcc: recipients.optional(),
        subject: z.string({ error: 'must be text' }).nullish(),
        class: z.enum(classes, { error: `must be one of ${classes.join(', ')}` }).nullish(),
        tags: z.array(z.string(), { error: 'must be a list of texts' }).max(MAX_TAGS).optional(),
        template: z.string({ error: 'must be text' }).nullish(),
        key: key.nullish(),
        state: z.enum(['sending', 'accepted', 'refused']),
        answeredId: messageId.optional(),
        createdAt: moment.optional(),
        noAnswer: z.object({ status: z.number().int().nullish() }).nullish(),
        deliverAt: moment.nullish(),
        test: z.boolean({ error: 'must be true or false' }).nullish(),
        id: z.string({ error: 'must be text' }).refine(isId, 'must be a ULID').optional(),
        via: line
          .refine((text) => text.length <= 255, 'must have at most 255 characters')
          .transform((text) => fitted(text, MAX_PROVIDER))
          .optional(),
        error: z
          .object(
            {
              status: z.number({ error: 'must be a number' }).int().nullish(),
              smtp: z.number({ error: 'must be a number' }).int().min(400, REPLY_CODE).max(599, REPLY_CODE).nullish(),
              notSent: z.boolean({ error: 'must be true or false' }).nullish(),
              message: z.string().nullish(),
            },
            { error: 'must be an object with status, smtp or notSent, and message' },
          )
          .optional(),
      },
      { error: 'must be an object' },
    )
    .refine((r) => r.to.length + (r.cc?.length ?? 0) + (r.bcc?.length ?? 0) <= MAX_RECIPIENTS, {
      path: ['to'],
      message: `, cc and bcc must name at most ${MAX_RECIPIENTS} recipients together`,
    })
    .refine((r) => r.state !== 'refused' || r.error !== undefined, {
      path: ['error'],
      message: 'must say why, when the state is refused',
    });

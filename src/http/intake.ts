import { createHash } from 'node:crypto';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { AppError } from '../base/errors.ts';
import { breathe } from '../base/wait.ts';
import type { Clock } from '../core/time.ts';
import { queueMessage } from '../intake/queue.ts';
import type { BirthSettings } from '../intake/terms.ts';
import type { FormEntry, FormFile } from '../mail/form.ts';
import { MAX_MESSAGE } from '../mail/limits.ts';
import { formIn, formTypeOf } from '../mail/read-form.ts';
import { inTurns } from '../mail/steps.ts';
import type { Store } from '../store/db/open.ts';
import type { Call } from '../store/messages/calls.ts';
import { basic } from './auth.ts';
import type { Bodies } from './body.ts';

export type IntakeDeps = {
  store: Store;
  bodies: Bodies;
  settings: BirthSettings;
  tokens: readonly string[];
  encryptionKey?: string | null;
  domains?: readonly string[];
  onQueued?(): void;
  now: Clock;
};

/** Some room for the form around a message. */
const LIMIT = MAX_MESSAGE + 256 * 1024;
/** A few milliseconds of work. */
const PIECE = 4 * 1024 * 1024;
/** A thousand recipients, each in a field of its own, and as many fields again. */
const PARTS = 2000;

/**
 * Where Mailgun's own clients can hand over mail with only their base URL changed: the message is durable when this
 * answers, and the daemon sends it.
 */
export function createIntake(deps: IntakeDeps): Router {
  const router = new Router();
  const to = { ...deps, encryptionKey: deps.encryptionKey ?? null, domains: deps.domains ?? null };
  const take: Middleware = async (ctx) => {
    // It would go out in the name of another account than the one that was meant.
    if (ctx.get('X-Mailgun-On-Behalf-Of') !== '')
      throw new AppError('invalid', 'X-Mailgun-On-Behalf-Of: mail for subaccounts is not taken here');
    const raw = await deps.bodies.read(ctx.req, LIMIT, 'known', 'packed');
    const type = ctx.get('Content-Type');
    const repeatable = await repeatableOf(ctx, raw, type);
    await breathe();
    const form = await formOf(raw, type);
    await breathe();
    const call = { domain: String(ctx['params'].domain), form, caller: ctx.get('Authorization'), repeatable };
    const { messageId } = await queueMessage(to, call, deps.now());
    deps.onQueued?.();
    ctx.body = { id: `<${messageId}>`, message: 'Queued. Thank you.' };
  };
  for (const path of ['/v3/:domain/messages', '/v3/:domain/messages.mime']) router.post(path, basic(deps.tokens), take);
  return router;
}

/**
 * Clients differ in whether `/v3` belongs to their base URL, and people in whether a slash ends it: `//v3/…`, `/v3/v3/…`
 * and a path without `/v3` mean the same.
 */
export const atAnyBase: Middleware = async (ctx, next) => {
  const [, domain, rest] = /^\/+(?:v3\/+)*([^/]+)\/(messages(?:\.mime)?)\/?$/.exec(ctx.path) ?? [];
  if (domain?.includes('.')) ctx.path = `/v3/${domain}/${rest}`;
  await next();
};

/**
 * The name and the fingerprint of a call. The boundary of a multipart body is left out of the fingerprint, because it
 * is different each time.
 */
async function repeatableOf(ctx: Context, raw: Buffer, type: string): Promise<Call | null> {
  const given = ctx.get('Idempotency-Key');
  if (given === '') return null;
  // Some write it bare, others in quotes, as a structured field (RFC 9651).
  const key = given.replace(/^"(.*)"$/, '$1');
  if (!/^[\x20-\x7e]{1,256}$/.test(key))
    throw new AppError('invalid', 'Idempotency-Key must have 1 to 256 printable ASCII characters');
  const form = formTypeOf(type);
  const hash = createHash('sha256').update(`${ctx.path}\n`);
  for (const bytes of form?.kind === 'multipart' ? without(form.boundary, raw) : [raw]) {
    for (let at = 0; at < bytes.length; at += PIECE) {
      hash.update(bytes.subarray(at, at + PIECE));
      if (at > 0) await breathe();
    }
  }
  return { scope: ctx.get('Authorization'), key, fingerprint: hash.digest('hex') };
}

/**
 * The body in pieces, without its boundaries. There is one boundary before each part that a form can have, and one at
 * the end.
 */
function* without(boundary: string, raw: Buffer): Generator<Buffer> {
  let from = 0;
  for (let n = 0; n <= PARTS; n++) {
    const at = raw.indexOf(boundary, from);
    if (at < 0) break;
    yield raw.subarray(from, at);
    from = at + boundary.length;
  }
  yield raw.subarray(from);
}

async function formOf(raw: Buffer, contentType: string): Promise<FormEntry[]> {
  if (!/^\s*(multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(contentType))
    throw new AppError('unsupported', 'the body must be multipart/form-data or application/x-www-form-urlencoded');
  const type = formTypeOf(contentType);
  if (!type) throw new AppError('invalid', 'the Content-Type names no boundary');
  const form = await inTurns(formIn(raw, type, { parts: PARTS, partSize: LIMIT }), breathe);
  if (typeof form === 'string') throw new AppError('invalid', form);
  return form
    .filter(([, value]) => typeof value === 'string' || !isEmptyInput(value))
    .map(([name, value]) => [plainName(name), value]);
}

/** A field of a web page in which nobody chose a file. */
const isEmptyInput = ({ filename, content }: FormFile): boolean => filename === '' && content.length === 0;

/** Ruby, PHP and others mark the fields of which there may be several: `to[]`, `o:tag[]`, `attachment[0]`. */
const plainName = (name: string): string => (/^[vh]:/.test(name) ? name : name.replace(/\[\d{0,4}\]$/, ''));

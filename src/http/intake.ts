import { createHash } from 'node:crypto';
import Router from '@koa/router';
import type { Context, Middleware } from 'koa';
import { AppError } from '../base/errors.ts';
import type { Settings } from '../core/settings.ts';
import type { Clock } from '../core/time.ts';
import { queueMessage } from '../intake/queue.ts';
import type { FormEntry } from '../mail/form.ts';
import type { Store } from '../store/db/open.ts';
import type { Call } from '../store/messages/calls.ts';
import { basic } from './auth.ts';
import { readBody } from './body.ts';

export type IntakeDeps = {
  store: Store;
  settings: Settings;
  tokens: readonly string[];
  encryptionKey?: string | null;
  domains?: readonly string[];
  onQueued?(): void;
  now: Clock;
};

/** Mailgun's limit for a message, and some room for the form around it. */
const LIMIT = 25 * 1024 * 1024 + 256 * 1024;
const PARTS = 2000;

/**
 * Where Mailgun's own clients can hand over mail with only their base URL changed: the message is durable when this
 * answers, and the daemon sends it.
 */
export function createIntake(deps: IntakeDeps): Router {
  const router = new Router();
  const take: Middleware = async (ctx) => {
    const raw = await readBody(ctx.req, LIMIT);
    const type = ctx.get('Content-Type');
    const repeatable = repeatableOf(ctx, raw, type);
    const call = { domain: String(ctx['params'].domain), form: await readForm(raw, type) };
    const { messageId } = await queueMessage(
      { ...deps, encryptionKey: deps.encryptionKey ?? null, domains: deps.domains ?? null },
      repeatable ? { ...call, repeatable } : call,
      deps.now(),
    );
    deps.onQueued?.();
    ctx.body = { id: `<${messageId}>`, message: 'Queued. Thank you.' };
  };
  for (const path of ['/v3/:domain/messages', '/v3/:domain/messages.mime']) router.post(path, basic(deps.tokens), take);
  return router;
}

/** The same key with the same content is the same call. The boundary of a multipart body is another each time. */
function repeatableOf(ctx: Context, raw: Buffer, type: string): Call | null {
  const key = ctx.get('Idempotency-Key');
  if (key === '') return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(key))
    throw new AppError('invalid', 'Idempotency-Key must have 1 to 255 printable ASCII characters');
  const boundary = /boundary="?([^";]+)"?/i.exec(type)?.[1];
  const bytes = boundary === undefined ? raw : withoutBoundary(raw, boundary);
  const fingerprint = createHash('sha256').update(`${ctx.path}\n`).update(bytes).digest('hex');
  return { scope: ctx.get('Authorization'), key, fingerprint };
}

function withoutBoundary(raw: Buffer, boundary: string): Buffer {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = raw.indexOf(boundary); at >= 0; at = raw.indexOf(boundary, from)) {
    parts.push(raw.subarray(from, at));
    from = at + boundary.length;
  }
  return Buffer.concat([...parts, raw.subarray(from)]);
}

async function readForm(raw: Buffer, type: string): Promise<FormEntry[]> {
  if (!/^(multipart\/form-data|application\/x-www-form-urlencoded)\b/i.test(type))
    throw new AppError('unsupported', 'the body must be multipart/form-data or application/x-www-form-urlencoded');
  let form: FormData;
  try {
    form = await new Response(raw, { headers: { 'content-type': type } }).formData();
  } catch (cause) {
    throw new AppError('invalid', 'the body is not a form', [], { cause });
  }
  const entries = [...form];
  if (entries.length > PARTS) throw new AppError('invalid', `a form can have ${PARTS} parts at most`);
  return Promise.all(entries.map(entryOf));
}

async function entryOf([name, value]: [string, string | File]): Promise<FormEntry> {
  if (typeof value === 'string') return [name, value];
  const type = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(;[\w\s="'.+-]*)?$/.test(value.type)
    ? value.type
    : 'application/octet-stream';
  return [name, { filename: safeName(value.name), type, content: Buffer.from(await value.arrayBuffer()) }];
}

/** A name for a file, not a way to one, and nothing that could end a header or turn it around for its reader. */
const safeName = (name: string): string =>
  name
    .replace(/[\p{Cc}\p{Cf}"\\]/gu, '_')
    .replace(/^.*\//, '')
    .slice(0, 255) || 'file';

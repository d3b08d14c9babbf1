// The body of a mail, for whoever has to see it: as a picture of itself, in which nothing can be pressed and nothing is loaded.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type Router from '@koa/router';
import type { Context } from 'koa';
import { z } from 'zod';
import { AppError } from '../../base/errors.ts';
import { isId } from '../../base/ids.ts';
import { html, trusted } from '../../base/markup.ts';
import { parse } from '../../base/parse.ts';
import { unseal } from '../../base/seal.ts';
import { safeLines } from '../../core/safe-text.ts';
import { MINUTE, type Ms } from '../../core/time.ts';
import { fileIn, textIn, unpackForm } from '../../mail/form.ts';
import { shownText } from '../../mail/mail-parts.ts';
import { readMime } from '../../mail/read-mime.ts';
import { sealedBody } from '../../store/messages/bodies.ts';
import { findMessageRow } from '../../store/messages/find.ts';
import type { MessageRow } from '../../store/rows/rows.ts';
import type { Desk, Form, Next } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import type { Visitor } from '../desk/visitor.ts';
import { given } from '../search/asked.ts';

/** A reason holds for so long. */
const LOOK: Ms = 5 * MINUTE;
/** Bytes of a sealed body that can be shown, and more pieces than these take. */
const MOST = 4_000_000;
const MOST_PIECES = 10;

/** Who asks says why, which is written down, and gets a ticket with which the body can be loaded for a while. */
export function addBody(router: Router, desk: Desk): void {
  router.post('/messages/:id/body', ...desk.act('owner', (ctx, form, visitor) => ask(ctx, desk, form, visitor)));
  router.get('/messages/:id/body', desk.allow('owner'), async (ctx) => {
    const { id } = await bodyAsked(ctx, desk);
    const content = `/messages/${id}/body/content?${new URLSearchParams({ until: given(ctx, 'until'), ticket: given(ctx, 'ticket') })}`;
    desk.show(ctx, 'mail-body', { title: TEXTS.mail.body.title, id, content });
  });
  router.get('/messages/:id/body/content', desk.allow('owner'), async (ctx) => {
    const message = await bodyAsked(ctx, desk);
    sendSealed(ctx, pictureOf(await bodyOf(desk, message)));
  });
}

const FIELDS = z.object({ why: z.string().trim().min(1, TEXTS.mail.needsWhy).max(200) });

async function ask(ctx: Context, desk: Desk, form: Form, visitor: Visitor): Promise<Next> {
  const message = await messageIn(ctx, desk);
  const { why } = parse(FIELDS, Object.fromEntries(form));
  await desk.note(visitor, 'body', message.id, why);
  const until = desk.now() + LOOK;
  const ticket = ticketFor(desk, { id: message.id, name: visitor.name, until });
  return { to: `/messages/${message.id}/body?${new URLSearchParams({ until: String(until), ticket })}` };
}

/** The message whose body may be asked for. */
async function messageIn(ctx: Context, { store, showsBodies, encryptionKey }: Desk): Promise<MessageRow> {
  const id = String(ctx['params'].id);
  const message = showsBodies === 'owner' && encryptionKey && isId(id) ? await findMessageRow(store, id) : null;
  if (!message) throw new AppError('not_found', TEXTS.errors.nothing);
  if (message.class === 'access') throw new AppError('conflict', TEXTS.mail.body.access);
  return message;
}

type Look = { id: string; name: string; until: Ms };

const ticketFor = ({ encryptionKey }: Desk, { id, name, until }: Look): string =>
  createHmac('sha256', encryptionKey ?? '')
    .update(`a look at the body\n${id}\n${name}\n${until}`)
    .digest('base64url');

/** The same for whoever comes back with a ticket. */
async function bodyAsked(ctx: Context, desk: Desk): Promise<MessageRow> {
  const message = await messageIn(ctx, desk);
  const until = Number(given(ctx, 'until'));
  const { name } = ctx.state['visitor'] as Visitor;
  const own = Buffer.from(ticketFor(desk, { id: message.id, name, until }));
  const theirs = Buffer.from(given(ctx, 'ticket'));
  const isOurs = own.length === theirs.length && timingSafeEqual(own, theirs);
  if (!isOurs || desk.now() > until) throw new AppError('conflict', TEXTS.mail.body.over);
  return message;
}

type Body = { html: string } | { text: string };

async function bodyOf({ store, encryptionKey, olderKeys = [], log }: Desk, { id }: MessageRow): Promise<Body> {
  const sealed = await sealedBody(store, id, MOST_PIECES);
  if (!sealed) return { text: TEXTS.mail.body.gone };
  if (sealed.length > MOST) return { text: TEXTS.mail.body.large };
  try {
    return shownOf(await unseal(sealed, [...(encryptionKey ? [encryptionKey] : []), ...olderKeys], id));
  } catch (error) {
    log.warn({ error, message: id }, 'the body of a mail could not be opened');
    return { text: TEXTS.mail.body.unreadable };
  }
}

function shownOf(bytes: Buffer): Body {
  const form = unpackForm(bytes);
  const mime = form === null ? bytes : (fileIn(form, 'message')?.content ?? null);
  if (form !== null && mime === null) {
    const rich = textIn(form, 'html');
    return rich ? { html: rich } : { text: textIn(form, 'text') ?? '' };
  }
  const mail = readMime(mime ?? bytes);
  if (typeof mail === 'string') return { text: TEXTS.mail.body.unreadable };
  const rich = shownText('text/html', mail.leaves);
  return rich ? { html: rich } : { text: shownText('text/plain', mail.leaves) };
}

/** What stands first in a page counts: `inert`, and where its links would lead. */
const HEAD = html`<!doctype html><html lang="en" inert><head><meta charset="utf-8"><base target="_blank"><title>${TEXTS.mail.body.preview}</title></head>`;

const pictureOf = (body: Body): string =>
  'html' in body
    ? html`${HEAD}${trusted(body.html)}`.markup
    : html`${HEAD}<body><pre>${safeLines(body.text, 100_000)}</pre></body></html>`.markup;

function sendSealed(ctx: Context, page: string): void {
  ctx.body = page;
  ctx.type = 'text/html; charset=utf-8';
  ctx.set({
    'Content-Security-Policy':
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox",
    'X-Frame-Options': 'SAMEORIGIN',
    'X-DNS-Prefetch-Control': 'off',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Cache-Control': 'no-store',
  });
}

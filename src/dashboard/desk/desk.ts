import type { Context, Middleware } from 'koa';
import { AppError, type ErrorCode } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { ShownRoom } from '../../base/setting.ts';
import { within } from '../../base/wait.ts';
import type { RuleSet } from '../../classifier/replay.ts';
import type { Sighting } from '../../core/sighting.ts';
import { type Clock, type Ms, SECOND } from '../../core/time.ts';
import type { AppDeps } from '../../http/app.ts';
import { type Bodies, type Sender, SenderGone } from '../../http/body.ts';
import type { Lists } from '../../operate/unsuppress.ts';
import type { Store } from '../../store/db/open.ts';
import { isDatabaseTrouble } from '../../store/db/trouble.ts';
import type { InboxRow } from '../../store/inbox/inbox.ts';
import { audit } from '../../store/notes/audit.ts';
import { TEXTS } from './texts.ts';
import { mayAct, type Role } from './users.ts';
import { createView, type Data } from './view.ts';
import type { Visitor, Visitors } from './visitor.ts';

/** An event as it stands in the inbox. */
export type KeptEvent = Pick<InboxRow, 'provider' | 'body' | 'content_type'>;

/** What the doctor found, and what to do about it. */
export type Finding = { check: string; status: 'ok' | 'warning' | 'problem'; says: string; mend: string | null };

export type DeskDeps = {
  store: Store;
  bodies: Bodies;
  visitors: Visitors;
  publicUrl: string | null;
  timezone: string;
  settings: AppDeps['settings'];
  /** The names of those whom mail is handed to, where they are said. */
  providers?: readonly string[];
  /** How many days finished messages are kept, where that is said. */
  retentionDays?: number;
  /** Called when mail was made due. */
  onQueued?(): void;
  /** What bodies are sealed with, and what they were before. */
  encryptionKey?: string | null;
  olderKeys?: readonly string[];
  /** Who may see bodies of mail; nobody when it is not said. */
  showsBodies?: 'off' | 'owner';
  /** The lists of addresses that a provider keeps itself, where there are some. */
  lists?: Lists | undefined;
  /** How long a page waits for what a provider has to do. */
  providerPatience?: Ms;
  /** How long somebody waits for a page, and for what a form asks for. */
  pagePatience?: { asked: Ms; done: Ms };
  /** Every setting as it holds. */
  configuration(): ShownRoom[];
  /** Has the doctor look at everything. */
  examine?(): Promise<readonly Finding[]>;
  /** What a kept event says; null when it is none. */
  read?(kept: KeptEvent): Sighting | null;
  /** By what failures are judged here, and the file of own rules among it. */
  present: RuleSet;
  rulesFile?: string | undefined;
  /** Whether people can log in here. */
  hasUsers: boolean;
  now: Clock;
  log: Log;
};

/** Somebody's role does not allow what a form asks for. */
export class NotAllowed extends Error {
  override readonly name = 'NotAllowed';
}

/** The fields of a form; one that was sent several times has several values. */
export type Form = URLSearchParams;

/** What an act has come to: where the browser goes next, with a word of `TEXTS.done` that says so. */
export type Next = { to: string; done?: keyof typeof TEXTS.done; count?: number };

/** What all pages are made with. */
export type Desk = ReturnType<typeof createDesk>;

/** A page took so long that nobody is to wait for it any more. */
class Late extends Error {
  override readonly name = 'Late';
}

/** Longer than a statement waits for a lock on SQLite, and than a provider is waited for. */
const PATIENCE = { asked: 15 * SECOND, done: 30 * SECOND };
const LATE = Symbol('late');

/** Bytes of a form. A stranger has no other than that of the login. */
const FORM_LIMIT = { known: 256 * 1024, anybody: 32 * 1024 } as const satisfies Record<Sender, number>;

export function createDesk(deps: DeskDeps) {
  const base = basePathOf(deps.publicUrl);
  const view = createView({ timezone: deps.timezone, base });

  /**
   * Shows a page to whoever may see it. `live` pages are asked for again every few seconds; those of `reloads`
   * without a script too: there is nothing to fill in on them.
   */
  function show(ctx: Context, name: string, data: Data & { title: string }): void {
    const visitor = ctx.state['visitor'] as Visitor | undefined;
    ctx.body = view.render(name, {
      ...{
        pages: PAGES.filter(({ role }) => isFor(ctx, role)),
        path: ctx.path,
        back: comesBackTo(ctx),
        now: deps.now(),
        visitor: visitor ?? null,
        theme: themeOf(ctx),
      },
      formToken: visitor ? deps.visitors.formToken(ctx) : '',
      done: doneIn(ctx),
      can: (role: Role) => isFor(ctx, role),
      ...data,
    });
    ctx.type = 'text/html; charset=utf-8';
    ctx.set(HEADERS);
  }

  /** Whether whoever looks at this page may do what needs this role. */
  const isFor = (ctx: Context, role: Role): boolean => {
    const visitor = ctx.state['visitor'] as Visitor | undefined;
    return visitor !== undefined && mayAct(visitor.role, role);
  };

  const allow =
    (needed: Role): Middleware =>
    async (ctx, next) => {
      if (isFromElsewhere(ctx)) return comeAgain(ctx);
      const visitor = await deps.visitors.of(ctx);
      if (visitor === null) return askWho(ctx);
      ctx.state['visitor'] = visitor;
      if (!mayAct(visitor.role, needed)) return refuse(ctx, 403, TEXTS.errors.role);
      await next();
    };

  /**
   * For pages that links of alerts lead to: whoever sends a token of the API, or could not log in here, is shown the plain page
   * of the same address.
   */
  const orPlain =
    (needed: Role, showIt: (ctx: Context) => Promise<void>): Middleware =>
    async (ctx, next) => {
      const isForPlain = ctx.get('Authorization') !== '' || !(deps.hasUsers || (await deps.visitors.of(ctx)));
      await (isForPlain ? next() : allow(needed)(ctx, () => showIt(ctx)));
    };

  /** For pages that anybody may see. */
  const fromHere: Middleware = async (ctx, next) => (isFromElsewhere(ctx) ? comeAgain(ctx) : next());

  /** Strangers log in first, and come back to where they wanted to go. */
  function askWho(ctx: Context): void {
    if (!deps.hasUsers) refuse(ctx, 403, TEXTS.errors.noUsers);
    else if (ctx.method !== 'GET') refuse(ctx, 401, TEXTS.errors.loggedOut);
    else goTo(ctx, `/login?${new URLSearchParams({ next: `${ctx.path}${ctx.search}` })}`);
  }

  function refuse(ctx: Context, status: number, says: string): void {
    show(ctx, 'message', { title: TEXTS.errors.title, says, hasUsers: deps.hasUsers });
    ctx.status = status;
  }

  /** A form of ours: read, and known to come from one of our pages. */
  async function formOf(ctx: Context, sender: Sender = 'known'): Promise<Form> {
    const isOther = !['', 'none', 'same-origin'].includes(ctx.get('Sec-Fetch-Site'));
    if (isOther || !ctx.is('application/x-www-form-urlencoded')) throw new AppError('conflict', TEXTS.errors.foreign);
    const form = new URLSearchParams((await deps.bodies.read(ctx.req, FORM_LIMIT[sender], sender)).toString());
    await deps.visitors.of(ctx);
    if (!deps.visitors.isOurForm(ctx, form.get('token') ?? '')) throw new AppError('conflict', TEXTS.errors.foreign);
    return form;
  }

  /** Does what a form asks for, and sends the browser on: a page that is loaded again does nothing twice. */
  const act = (needed: Role, run: (ctx: Context, form: Form, visitor: Visitor) => Promise<Next>): Middleware[] => [
    allow(needed),
    async (ctx) => {
      const form = await formOf(ctx);
      const { to, done, count } = await run(ctx, form, ctx.state['visitor'] as Visitor);
      const said = new URLSearchParams();
      if (done) said.set('done', done);
      if (count !== undefined) said.set('count', String(count));
      goTo(ctx, done ? `${to}${to.includes('?') ? '&' : '?'}${said}` : to);
    },
  ];

  /** `path` begins with a slash, and leads nowhere else than to a page of ours. */
  function goTo(ctx: Context, path: string): void {
    ctx.status = 303;
    ctx.set('Location', base + path);
    ctx.body = '';
  }

  /** Errors become pages. */
  const asPage: Middleware = async (ctx, next) => {
    const { asked, done } = deps.pagePatience ?? PATIENCE;
    try {
      // What was begun goes on, and has nobody to tell any more.
      if ((await within(next(), ctx.method === 'POST' ? done : asked, LATE)) === LATE) throw new Late();
    } catch (error) {
      if (error instanceof NotAllowed) return refuse(ctx, 403, TEXTS.errors.role);
      if (error instanceof AppError) return refuse(ctx, STATUS[error.code] ?? 400, problemWords(error));
      if (error instanceof SenderGone) throw error;
      const why = error instanceof Late ? 'late' : isDatabaseTrouble(error) ? 'database' : 'failed';
      deps.log.error({ error }, LOGGED[why]);
      // What was written may be there although its answer was lost.
      const says = TEXTS.errors[why][ctx.method === 'POST' ? 'unsure' : 'asked'];
      refuse(ctx, why === 'failed' ? 500 : 503, says);
    }
  };

  /** Writes down who did what to whom, and why. */
  const note = (visitor: Visitor, what: string, subject: string | null, reason: string | null): Promise<void> =>
    audit(deps.store, deps.now(), { who: whoIs(visitor), what, subject, detail: reason });

  return { ...deps, base, show, isFor, allow, orPlain, fromHere, act, formOf, goTo, asPage, note, refuse };
}

/**
 * Whether a link of another site led here, such as that of an alert in a mail program on the web. A browser leaves out the
 * cookie of a login then.
 */
const isFromElsewhere = (ctx: Context): boolean =>
  ctx.method === 'GET' && ['cross-site', 'same-site'].includes(ctx.get('Sec-Fetch-Site'));

/** A page that asks for itself again, with the cookie this time. */
function comeAgain(ctx: Context): void {
  ctx.body = '<!doctype html><html lang="en"><meta http-equiv="refresh" content="0"><title>Homing</title></html>';
  ctx.type = 'text/html; charset=utf-8';
  ctx.set(HEADERS);
}

const LOGGED = {
  late: 'a page took too long',
  database: 'the database could not be used for a page',
  failed: 'a page could not be made',
} as const;

/** The pages that the navigation leads to, in its order, and the role that each needs. */
const PAGES: readonly { name: Exclude<keyof typeof TEXTS.nav, 'label'>; path: string; role: Role }[] = [
  { name: 'overview', path: '/', role: 'support' },
  { name: 'messages', path: '/messages', role: 'support' },
  { name: 'bulk', path: '/bulk', role: 'operator' },
  { name: 'outages', path: '/outages', role: 'support' },
  { name: 'suppressions', path: '/suppressions', role: 'support' },
  { name: 'causes', path: '/causes', role: 'support' },
  { name: 'webhooks', path: '/webhooks', role: 'support' },
  { name: 'reputation', path: '/reputation', role: 'support' },
  { name: 'events', path: '/events', role: 'operator' },
  { name: 'alerts', path: '/alerts', role: 'support' },
  { name: 'report', path: '/report', role: 'support' },
  { name: 'settings', path: '/settings', role: 'owner' },
  { name: 'doctor', path: '/doctor', role: 'operator' },
  { name: 'runbook', path: '/runbook', role: 'support' },
];

/** As it stands in the audit. */
export const whoIs = ({ name, how }: Visitor): string =>
  how === 'local' ? 'dashboard (local)' : `${name} (dashboard)`;

const STATUS: Partial<Record<ErrorCode, number>> = { not_found: 404, conflict: 409, unavailable: 503, too_large: 413 };

const problemWords = ({ message, problems }: AppError): string => (problems.length > 0 ? problems.join('; ') : message);

/** Where we are served below another path, links begin with it. */
const basePathOf = (publicUrl: string | null): string =>
  publicUrl === null ? '' : new URL(publicUrl).pathname.replace(/\/+$/, '');

const themeOf = (ctx: Context): 'light' | 'dark' | null => {
  const theme = ctx.cookies.get('theme');
  return theme === 'light' || theme === 'dark' ? theme : null;
};

/** Where this page is to be had again, without the words about what was done before. */
function comesBackTo(ctx: Context): string {
  if (ctx.method !== 'GET') return '/';
  const query = new URLSearchParams(ctx.querystring);
  for (const name of ['done', 'count']) query.delete(name);
  return query.size > 0 ? `${ctx.path}?${query}` : ctx.path;
}

/** What an act before has come to; the words are ours, whatever the address says. */
function doneIn(ctx: Context): string | null {
  const { done, count } = ctx.query;
  const words = typeof done === 'string' && Object.hasOwn(TEXTS.done, done) ? TEXTS.done : null;
  if (!words) return null;
  const n = typeof count === 'string' && /^\d{1,9}$/.test(count) ? Number(count) : 1;
  return words[done as keyof typeof words](n);
}

const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'",
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

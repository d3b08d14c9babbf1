import type Router from '@koa/router';
import type { Context } from 'koa';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { MINUTE, SECOND } from '../../core/time.ts';
import { lengthWords } from '../../core/words/numbers.ts';
import { doneBy } from '../../store/notes/audit.ts';
import { type Desk, whoIs } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';
import { isPassword, nobodysHash, type User } from '../desk/users.ts';
import type { Visitor } from '../desk/visitor.ts';

/**
 * Wrong tries of one address within a quarter of an hour, and for one name, whoever makes them. Each daemon counts them before it
 * looks at a password, however many come at once.
 */
const OF_ADDRESS = { points: 20, duration: 900 };
const OF_NAME = { points: 10, duration: 900 };

export function addLogin(router: Router, desk: Desk, users: readonly User[]): void {
  const limits = [new RateLimiterMemory(OF_ADDRESS), new RateLimiterMemory(OF_NAME)] as const;
  router.get('/login', desk.fromHere, async (ctx) => {
    if (await desk.visitors.of(ctx)) return desk.goTo(ctx, pathIn(ctx.query['next']));
    ask(ctx, { next: pathIn(ctx.query['next']) });
  });
  router.post('/login', (ctx) => logIn(ctx));
  router.post('/logout', ...desk.act('support', logOut));
  router.post('/theme', ...desk.act('support', setTheme));

  function ask(ctx: Context, given: { next: string; wrong?: string; name?: string }): void {
    const { publicUrl } = desk;
    const isElsewhere = publicUrl !== null && new URL(publicUrl).host !== ctx.get('Host');
    const elsewhere = isElsewhere ? TEXTS.login.elsewhere(publicUrl) : null;
    desk.show(ctx, 'login', { title: TEXTS.login.title, formToken: desk.visitors.formToken(ctx), elsewhere, ...given });
  }

  async function logIn(ctx: Context): Promise<void> {
    const form = await desk.formOf(ctx, 'anybody');
    const [name, next] = [form.get('name') ?? '', pathIn(form.get('next'))];
    const keys = [ctx.req.socket.remoteAddress ?? '', name.toLowerCase().slice(0, 64)] as const;
    const wait = (await taken(keys)) ?? (await takenElsewhere(name));
    if (wait !== null) {
      ask(ctx, { next, name, wrong: TEXTS.login.tooMany(lengthWords(wait)) });
      ctx.status = 429;
      ctx.set('Retry-After', String(Math.ceil(wait / 1000)));
      return;
    }
    const user = users.find((one) => one.name === name && one.hash !== 'proxy');
    if (!(await isPassword(form.get('password') ?? '', user?.hash ?? nobodysHash(users))) || !user) {
      await desk.note(strangerNamed(name), 'login_refused', null, null);
      ask(ctx, { next, name, wrong: TEXTS.login.wrong });
      ctx.status = 401;
      return;
    }
    await Promise.all(limits.map((limit, i) => limit.delete(keys[i] ?? '')));
    await desk.visitors.begin(ctx, user);
    await desk.note({ ...user, how: 'login' }, 'login', null, null);
    desk.goTo(ctx, next);
  }

  /** Counts a try; gives how long to wait where there were too many. Tries that an address has no more count against no name. */
  async function taken(keys: readonly string[]): Promise<number | null> {
    for (const [i, limit] of limits.entries()) {
      const wait = await limit.consume(keys[i] ?? '').then(() => null, waitOf);
      if (wait !== null) return wait;
    }
    return null;
  }

  /** The same for a name at all daemons together, by the audit that they share. */
  async function takenElsewhere(name: string): Promise<number | null> {
    const { points, duration } = OF_NAME;
    const [at, length] = [desk.now(), duration * SECOND];
    const what = ['login', 'login_refused'];
    const tries = { who: whoIs(strangerNamed(name)), what, since: at - length, until: at + MINUTE, limit: points };
    const done = await doneBy(desk.store, tries);
    const first = done[points - 1];
    return first && done.every((one) => one.what === 'login_refused') ? first.at + length - at : null;
  }

  async function logOut(ctx: Context, form: URLSearchParams, { name }: { name: string }) {
    const count = form.get('everywhere') === 'yes' ? await desk.visitors.endAll(name) : null;
    await desk.visitors.end(ctx);
    return { to: '/login', done: count === null ? 'loggedOut' : 'everywhere', count: count ?? 1 } as const;
  }
}

const strangerNamed = (name: string): Visitor => ({ name: name.slice(0, 64), role: 'support', how: 'login' });

const THEMES = ['light', 'dark'];

async function setTheme(ctx: Context, form: URLSearchParams) {
  const theme = THEMES.find((one) => one === form.get('theme')) ?? 'auto';
  ctx.cookies.set('theme', theme, { sameSite: 'lax', path: '/', maxAge: 365 * 86_400_000 });
  return { to: pathIn(form.get('back')) };
}

/** Of a thrown limit, how long to wait. */
function waitOf(error: unknown): number {
  if (error instanceof RateLimiterRes) return error.msBeforeNext;
  throw error;
}

/** A path of ours: nothing that a browser would take for another host. */
function pathIn(given: unknown): string {
  return typeof given === 'string' && /^\/(?![/\\])[\x21-\x7e]*$/.test(given) ? given : '/';
}

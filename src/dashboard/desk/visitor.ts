import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { type BlockList, isIP, isIPv6 } from 'node:net';
import type { Context } from 'koa';
import { within } from '../../base/wait.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import type { Store } from '../../store/db/open.ts';
import { isDatabaseTrouble } from '../../store/db/trouble.ts';
import { identityOf } from '../../store/notes/identity.ts';
import { beginSession, endSession, endSessionsOf, sessionOf, sessionSeen } from '../../store/notes/sessions.ts';
import type { Role, User } from './users.ts';

/** Who looks at a page. `how` says by what that is known. */
export type Visitor = { name: string; role: Role; how: 'login' | 'proxy' | 'local' };

export type VisitorDeps = {
  store: Store;
  users: readonly User[];
  /** Addresses of proxies whose header is believed, and that header. */
  proxies: BlockList | undefined;
  header: string;
  /** How long a login lasts unused. */
  session: Ms;
  publicUrl: string | null;
  /** Whether HTTPS is served without a proxy. */
  tls: boolean;
  now: Clock;
};

export type Visitors = {
  /** Null for a stranger. */
  of(ctx: Context): Promise<Visitor | null>;
  /** What a form has to bring along, so that no page of another site can send one. */
  formToken(ctx: Context): string;
  isOurForm(ctx: Context, token: string): boolean;
  begin(ctx: Context, user: User): Promise<void>;
  end(ctx: Context): Promise<void>;
  /** Ends all sessions of a user; says how many. */
  endAll(name: string): Promise<number>;
};

/** A login ends after so many times what it may be unused for. */
const LONGEST = 7;

/** So long it is waited for that a look of somebody is written down. */
const SEEN_PATIENCE: Ms = SECOND;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * The browser keeps a random number that is signed with the secret of the database; the database keeps its hash, the user
 * and a mark of the user's password. So a login ends when it is revoked, unused for too long, or when the user is gone or
 * has another password. Every browser has such a number, also without a login: forms are bound to it.
 */
export function createVisitors(deps: VisitorDeps): Visitors {
  const { store, users, now } = deps;
  const isSecure = deps.tls || deps.publicUrl?.startsWith('https:') === true;
  const cookie = isSecure ? '__Host-homing' : 'homing';
  const signer = createSigner(store);
  const kept = new WeakMap<Context, string>();
  const noting = new Set<string>();

  function keep(ctx: Context, value: string): void {
    kept.set(ctx, value);
    // A proxy may take HTTPS off.
    ctx.cookies.secure = isSecure;
    ctx.cookies.set(cookie, value, {
      httpOnly: true,
      sameSite: 'strict',
      secure: isSecure,
      path: '/',
      overwrite: true,
    });
  }

  /** What the browser keeps, when it is from us. */
  async function given(ctx: Context): Promise<string | null> {
    const value = kept.get(ctx) ?? ctx.cookies.get(cookie) ?? '';
    const isOurs = await signer.isOurs(value);
    if (isOurs) kept.set(ctx, value);
    return isOurs ? value : null;
  }

  async function loggedIn(ctx: Context): Promise<Visitor | null> {
    const value = await given(ctx);
    const session = value === null ? null : await sessionOf(store, sha256(value));
    const user = users.find(({ name }) => name === session?.user);
    if (!session || !user || markOf(user) !== session.password_mark) return null;
    const at = now();
    const isOver = at - session.seen_at > deps.session || at - session.created_at > LONGEST * deps.session;
    if (isOver) return null;
    // A page that refreshes itself is no sign that somebody is there.
    if (at - session.seen_at > MINUTE && ctx.get('X-Refresh') === '') await noteSeen(session.id_hash, at);
    return { name: user.name, role: user.role, how: 'login' };
  }

  /** A page can be looked at all the same while the database takes no writes. */
  async function noteSeen(id: string, at: Ms): Promise<void> {
    if (noting.has(id)) return;
    noting.add(id);
    const noted = sessionSeen(store, id, at).catch((error: unknown) => {
      if (!isDatabaseTrouble(error)) throw error;
    });
    await within(
      noted.finally(() => noting.delete(id)),
      SEEN_PATIENCE,
      null,
    );
  }

  function byProxy(ctx: Context): Visitor | null {
    if (!deps.proxies || !isAmong(deps.proxies, ctx.req.socket.remoteAddress ?? '')) return null;
    const name = ctx.get(deps.header);
    const user = users.find((one) => one.hash === 'proxy' && one.name === name);
    return user ? { name, role: user.role, how: 'proxy' } : null;
  }

  return {
    async of(ctx) {
      const visitor = byProxy(ctx) ?? (users.length === 0 ? localVisitor(ctx, deps) : await loggedIn(ctx));
      if ((await given(ctx)) === null) keep(ctx, await signer.make());
      return visitor;
    },
    formToken: (ctx) => sha256(`form ${kept.get(ctx)}`),
    isOurForm: (ctx, token) => kept.has(ctx) && isSame(token, sha256(`form ${kept.get(ctx)}`)),
    async begin(ctx, user) {
      // Another number than before: whoever has given the browser its old one knows nothing of this login.
      keep(ctx, await signer.make());
      const at = now();
      const session = { id_hash: sha256(kept.get(ctx) ?? ''), user: user.name, password_mark: markOf(user) };
      await beginSession(store, { ...session, created_at: at, seen_at: at }, at - deps.session);
    },
    async end(ctx) {
      const value = await given(ctx);
      if (value !== null) await endSession(store, sha256(value));
      keep(ctx, await signer.make());
    },
    endAll: (name) => endSessionsOf(store, name),
  };
}

const markOf = ({ name, hash }: User): string => sha256(`${name} ${hash}`);

const isSame = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(sha256(one)), Buffer.from(sha256(other)));

/** Random numbers with a signature, so that one that is not ours costs no query. */
function createSigner(store: Store) {
  let secret: string | null = null;
  const signature = async (number: string): Promise<string> => {
    secret ??= await identityOf(store);
    if (secret === null) throw new Error('the database has no identity: no daemon was started on it');
    return createHmac('sha256', secret).update(`session ${number}`).digest('base64url');
  };
  return {
    async make(): Promise<string> {
      const number = randomBytes(32).toString('base64url');
      return `${number}.${await signature(number)}`;
    },
    async isOurs(value: string): Promise<boolean> {
      const [, number = '', signed = ''] = /^([\w-]{43})\.([\w-]{43})$/.exec(value) ?? [];
      return number !== '' && isSame(signed, await signature(number));
    },
  };
}

function isAmong(known: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  return isIP(plain) !== 0 && known.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
}

/**
 * Without users, whoever sits at this machine. A proxy on it comes from the same address, so what may have come through one
 * is refused: a daemon with a public address, a request with a header of proxies, or for another host.
 */
function localVisitor(ctx: Context, { publicUrl }: Pick<VisitorDeps, 'publicUrl'>): Visitor | null {
  const isHere = /^(?:127\.|::1$|::ffff:127\.)/.test(ctx.req.socket.remoteAddress ?? '');
  const isForHere = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(ctx.get('Host'));
  const isThrough = ['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'Forwarded', 'Via', 'X-Real-IP'].some(
    (name) => ctx.get(name) !== '',
  );
  const isDirect = publicUrl === null && ctx.req.httpVersion === '1.1' && !isThrough;
  return isHere && isForHere && isDirect ? { name: 'local', role: 'owner', how: 'local' } : null;
}

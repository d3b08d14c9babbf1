import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { judgeBy } from '../../src/classifier/judge.ts';
import { HOUR } from '../../src/core/time.ts';
import { createDashboard, type DashboardDeps } from '../../src/dashboard/dashboard.ts';
import { hashOf, ROLES, type Role } from '../../src/dashboard/desk/users.ts';
import type { AppDeps } from '../../src/http/app.ts';
import { makeIdentity } from '../../src/store/notes/identity.ts';
import { type Running, SETTINGS, start } from '../http/support.ts';

export const PASSWORD = 'a password of the test';
const hash = hashOf(PASSWORD);

export type Given = Partial<Omit<DashboardDeps, keyof AppDeps | 'bodies'>>;

/** A daemon's pages on loopback over a store of their own, for somebody of each role who has the role for a name. */
export async function startDashboard(
  t: TestContext,
  given: Given = {},
  more: Parameters<typeof start>[1] = {},
): Promise<Running & { routes: Route[] }> {
  const known = await hash;
  let routes: Route[] = [];
  const running = await start(t, {
    pages: (deps) => {
      const router = createDashboard({
        ...{ ...deps, users: ROLES.map((role) => ({ name: role, role, hash: known })), proxies: undefined },
        ...{ header: 'X-Forwarded-User', session: 12 * HOUR, publicUrl: null, tls: false, timezone: 'UTC' },
        ...{ configuration: () => [], present: { judge: judgeBy(undefined), rules: SETTINGS.rules }, ...given },
      });
      routes = routesOf(router);
      return router;
    },
    ...more,
  });
  await makeIdentity(running.store, running.clock());
  return { ...running, routes };
}

/** What can be asked for, with something in the place of each name. */
export type Route = { method: 'GET' | 'POST'; path: string };

const NAMED: Record<string, string> = { id: '0'.repeat(26), name: 'pico.css', picture: 'days', theme: 'light' };

const routesOf = ({ stack }: ReturnType<typeof createDashboard>): Route[] =>
  stack.flatMap(({ methods, path }) =>
    (['GET', 'POST'] as const)
      .filter((method) => methods.includes(method))
      .map((method) => ({ method, path: String(path).replace(/:(\w+)/g, (_, name: string) => NAMED[name] ?? name) })),
  );

export type Page = { status: number; text: string; headers: Headers; token: string };

/** Somebody with a browser that runs no script: it keeps cookies, and follows no redirect by itself. */
export function createVisitor({ url }: { url: string }) {
  const cookies = new Map<string, string>();

  async function ask(path: string, init: RequestInit = {}): Promise<Page> {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { ...(cookie ? { cookie } : {}), ...(init.headers as Record<string, string> | undefined) };
    const reply = await fetch(url + path, { redirect: 'manual', ...init, headers });
    for (const line of reply.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const text = await reply.text();
    const token = /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    return { status: reply.status, text, headers: reply.headers, token };
  }

  const get = (path: string, headers: Record<string, string> = {}) => ask(path, { headers });
  const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
    ask(path, { method: 'POST', body: new URLSearchParams(fields), headers });

  /** Fills in the form of a page, as its reader would. */
  async function fill(page: string, path: string, fields: Record<string, string>): Promise<Page> {
    return post(path, { token: (await get(page)).token, ...fields });
  }

  return {
    cookies,
    get,
    post,
    fill,
    logIn: (name: string, password = PASSWORD, next = '/') => fill('/login', '/login', { name, password, next }),
  };
}

/** What a page says, without its markup. */
export const wordsOf = (page: string): string => page.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ');

/** Somebody of a role who has logged in. */
export async function loggedIn(running: { url: string }, role: Role) {
  const visitor = createVisitor(running);
  assert.equal((await visitor.logIn(role)).status, 303);
  return visitor;
}

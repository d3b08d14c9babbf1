import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Fact } from '../../src/core/delivery.ts';
import { type Ms, SECOND } from '../../src/core/time.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { findMessage } from '../../src/store/messages/find.ts';
import { claimed, sent } from '../support/factory.ts';
import { DOMAIN, type Running, TOKEN } from './support.ts';

/** A server on loopback, each an origin of its own. */
export async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A reset that waits to leave. */
export async function queued(running: Pick<Running, 'url'>, over: Record<string, string> = {}): Promise<string> {
  const mail = { from: `Shop <shop@${DOMAIN}>`, to: 'ann@example.org', subject: 'Reset', text: 'A link' };
  const answer = await fetch(`${running.url}/v3/${DOMAIN}/messages`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`api:${TOKEN}`)}` },
    body: new URLSearchParams({ ...mail, 'v:homing-class': 'access', ...over }),
  });
  return answer.headers.get('homing-status-token') ?? '';
}

export const idOf = (token: string): string => token.split('-')[0] ?? '';

export async function told(
  { store, clock }: Pick<Running, 'store' | 'clock'>,
  token: string,
  ...facts: Fact[]
): Promise<void> {
  const found = await findMessage(store, idOf(token));
  await change(store, [found?.views[0]?.id ?? ''], clock(), () => facts);
}

/** It left, and Mailgun has it. */
export const left = (at: Ms): Fact[] => [claimed(1, at, { how: 'send' }), ...sent(at).slice(1)];

const EXAMPLE = join(import.meta.dirname, '../../docs/example');

export type Site = {
  daemon: string;
  token?: string;
  lang?: string;
  /** What its file of texts holds. */
  texts?: object;
};

/** Nothing may run, be loaded or be asked but what is named. */
const policyFor = (daemon: string): string =>
  [
    `default-src 'none'; script-src ${daemon}; connect-src 'self' ${daemon}; style-src 'self'`,
    `base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'`,
  ].join('; ');

/** The example, on the site of a stranger with a strict policy. */
export function startSite(t: TestContext, { daemon, token = '', lang = 'en', texts }: Site): Promise<string> {
  const page = readFileSync(join(EXAMPLE, 'confirmation.html'), 'utf8')
    .replaceAll('https://homing.example.com', daemon)
    .replaceAll('STATUS_TOKEN', token)
    .replace('lang="en"', `lang="${lang}"`)
    .replace('connect-src', texts ? "connect-src 'self'" : 'connect-src')
    .replace(' defer>', texts ? ' data-texts="texts.json" defer>' : ' defer>');
  const files: Record<string, [type: string, text: string]> = {
    '/': ['text/html; charset=utf-8', page],
    '/confirmation.css': ['text/css', readFileSync(join(EXAMPLE, 'confirmation.css'), 'utf8')],
    '/texts.json': ['application/json', JSON.stringify(texts ?? {})],
  };
  return serve(t, (request, response) => {
    const [type, text] = files[request.url ?? ''] ?? [];
    response.writeHead(text === undefined ? 204 : 200, {
      ...{ 'Content-Type': type ?? 'text/plain', 'Content-Security-Policy': policyFor(daemon) },
    });
    response.end(text);
  });
}

export type Seen = Page & { complaints: string[] };

/** A page with a clock that can be put forward. What it complains of is noted; that a server can't be reached is not. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Seen> {
  const page = await browser.newPage(options);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() !== 'log' && !/^Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  if (options.javaScriptEnabled !== false) await page.clock.install();
  // Whatever is routed is not taken from the browser's cache, whose clock is not the test's.
  await page.route('**/api/status', (route) => route.continue());
  await page.goto(url);
  return Object.assign(page, { complaints });
}

/** Comes back to the page as from another one, so that it asks again. */
export const comeBack = (page: Page) => page.evaluate('void document.dispatchEvent(new Event("visibilitychange"))');

const ASKS_LAST =
  'fetch(document.querySelector("script[src*=homing-status]").src, { mode: "no-cors", cache: "no-store" })';

/** Waits until the browser has told of every request that the page has begun: it tells of them in their order. */
export async function beforeNext(page: Page): Promise<void> {
  await page.evaluate(`${ASKS_LAST}.then(() => undefined)`);
}

/** Moves both clocks, and has the page ask again. */
export async function pass(page: Page, clock: { advance(by: number): void }, seconds: number): Promise<void> {
  clock.advance(seconds * SECOND);
  await page.clock.runFor(seconds * SECOND);
  await comeBack(page);
}

export const banner = (page: Page) => page.locator('homing-banner').getByRole('status');
export const message = (page: Page) => page.locator('homing-message').getByRole('status').first();
export const note = (page: Page) => page.locator('homing-message [part=note]');
export const button = (page: Page) => page.locator('homing-message').getByRole('button');
export const timer = (page: Page) => page.locator('homing-message').getByRole('timer');

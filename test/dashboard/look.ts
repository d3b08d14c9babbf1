import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { SECOND } from '../../src/core/time.ts';
import type { Role } from '../../src/dashboard/desk/users.ts';
import { axeFindings, startBrowser } from '../support/browser.ts';
import { PASSWORD } from './support.ts';

/** How often a page asks for itself again. */
export const EVERY = 5 * SECOND;

/** A browser whose clock is moved by hand, with an operator in it. */
export async function operatorAt(t: TestContext, { url }: { url: string }): Promise<Page> {
  const page = await (await startBrowser(t)).newPage();
  await page.clock.install();
  await page.goto(`${url}/login`);
  await page.getByLabel('Name').fill('operator');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('header').waitFor();
  return page;
}

const SIZES = [
  [320, 'light'],
  [320, 'dark'],
  [1440, 'light'],
  [1440, 'dark'],
] as const;

/**
 * Looks at pages in a browser, narrow and wide, light and dark: each fits, can be used by everybody, and breaks no rule that
 * it was served with. `SHOTS=folder` keeps pictures.
 */
export async function looksWell(
  t: TestContext,
  { url }: { url: string },
  role: Role,
  paths: readonly string[],
  /** Leads to what has no address of its own, which is looked at as well. */
  go?: (page: Page) => Promise<void>,
): Promise<void> {
  const browser = await startBrowser(t);
  const [context] = [await browser.newContext()];
  const page = await context.newPage();
  const said: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  await page.goto(`${url}/login`);
  await page.getByLabel('Name').fill(role);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.keyboard.press('Enter');
  await page.locator('header').waitFor();
  for (const path of paths) {
    for (const [width, colorScheme] of SIZES) {
      const where = `${path} at ${width}, ${colorScheme}`;
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      assert.equal((await page.goto(url + path))?.status(), 200, where);
      await fits(page, path, where);
    }
  }
  if (go) {
    await go(page);
    await looksWellNow(page, `${paths[0]} and on`);
  }
  assert.deepEqual(said, []);
}

/** The same of what a page shows right now. */
export async function looksWellNow(page: Page, name: string): Promise<void> {
  for (const [width, colorScheme] of SIZES) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await fits(page, name, `${name}, ${width}, ${colorScheme}`);
  }
}

/** Letters of a picture are twelve units high. */
const isLegible = '(one) => one.clientWidth === 0 || (12 * one.clientWidth) / one.naturalWidth >= 9';

async function fits(page: Page, path: string, where: string): Promise<void> {
  // What is folded is looked at as well.
  await page.evaluate('document.querySelectorAll("main details").forEach((one) => { one.open = true })');
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), page.viewportSize()?.width, where);
  assert.equal(await page.evaluate('[...document.images].every((one) => one.naturalWidth > 0)'), true, where);
  assert.equal(
    await page.evaluate(`[...document.images].every(${isLegible})`),
    true,
    `${where}: the letters of a picture`,
  );
  assert.deepEqual(await axeFindings(page), [], where);
  const folder = process.env['SHOTS'];
  const name = `${`${path} ${where.replace(path, '')}`.replace(/\W+/g, '-').slice(0, 80)}.png`;
  if (folder) await page.screenshot({ path: `${folder}/${name}`, fullPage: true });
}

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { summaryFile } from '../../../src/tell/summary/file.ts';
import { sample } from './support.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((f) =>
  existsSync(f),
);

test('in a browser the page fits 320 and 1024 pixels, light and dark, and asks for nothing', {
  skip: CHROMIUM === undefined && !process.env['CI'] ? 'no chromium' : false,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-report-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'report.html');
  writeFileSync(file, await summaryFile(sample()));
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
  t.after(() => browser.close());
  for (const width of [320, 1024]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const requests: string[] = [];
      page.on('request', (r) => requests.push(r.url()));
      await page.goto(pathToFileURL(file).href);
      const seen = (await page.evaluate(
        `({ width: document.documentElement.scrollWidth, wide: [...document.querySelectorAll('td, th, h1, p')].filter((e) => e.scrollWidth > e.clientWidth + 1).length, drawn: [...document.images].every((i) => i.naturalWidth > 0), back: getComputedStyle(document.body).backgroundColor })`,
      )) as { width: number; wide: number; drawn: boolean; back: string };
      assert.equal(seen.width, width);
      assert.ok(seen.drawn);
      assert.equal(seen.back, colorScheme === 'dark' ? 'rgb(14, 17, 22)' : 'rgb(243, 245, 248)');
      assert.deepEqual(
        requests.filter((url) => !/^(file|data):/.test(url)),
        [],
      );
      await page.close();
    }
  }
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { figuresOf, groupsOf } from '../../../src/core/figures/figures.ts';
import type { Summary } from '../../../src/core/figures/summary.ts';
import { summaryFile } from '../../../src/tell/summary/file.ts';
import { letterOf } from '../../../src/tell/summary/letter.ts';
import { startBrowser, withoutBrowser } from '../../support/browser.ts';
import { sample, sumsOf } from './support.ts';

function fileOf(t: TestContext, html: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'homing-report-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'report.html');
  writeFileSync(file, html);
  return pathToFileURL(file).href;
}

const LOOK = `({
  width: document.documentElement.scrollWidth,
  drawn: [...document.images].every((i) => i.naturalWidth > 0),
  back: getComputedStyle(document.body).backgroundColor,
})`;

test('in a browser the page fits 320 and 1024 pixels, light and dark, and asks for nothing', {
  skip: withoutBrowser,
}, async (t) => {
  const url = fileOf(t, await summaryFile(sample()));
  const browser = await startBrowser(t);
  for (const width of [320, 1024]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const requests: string[] = [];
      page.on('request', (r) => requests.push(r.url()));
      await page.goto(url);
      const seen = (await page.evaluate(LOOK)) as { width: number; drawn: boolean; back: string };
      assert.equal(seen.width, width);
      assert.ok(seen.drawn);
      assert.equal(seen.back, colorScheme === 'dark' ? 'rgb(14, 17, 22)' : 'rgb(243, 245, 248)');
      assert.deepEqual(
        requests.filter((requested) => !/^(file|data):/.test(requested)),
        [],
      );
      await page.close();
    }
  }
});

/** Texts that stand side by side in a row of a table or among the tiles, nearer than 6 pixels to one another. */
const TOUCHING = `[...document.querySelectorAll('tr')].flatMap((row) => {
  const cells = [...row.children].map((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    return { text: cell.textContent, rects: [...range.getClientRects()] };
  });
  return cells.slice(1).flatMap((cell, i) => {
    const beside = (a, b) => a.top < b.bottom && b.top < a.bottom && b.left - a.right < 6;
    const touches = cells[i].rects.some((a) => cell.rects.some((b) => beside(a, b)));
    return touches ? [cells[i].text + '|' + cell.text] : [];
  });
})`;

const OUTSIDE = `[...document.querySelectorAll('td, th, h1, p, .tile div')].flatMap((e) =>
  e.scrollWidth > e.clientWidth + 1 ? [e.textContent] : [])`;

/** Figures as wide as they come: millions, and shares that are nearly all. */
function wide(): Summary {
  const n = [
    4, 3, 2, 1, 5, 2_999_000, 1_234_567, 3, 2, 1, 1_000_000, 2_345_678, 2_999_999, 1_000_000, 9, 9, 9, 9, 9, 9,
  ];
  const sums = ['mg.example.com', 'newsletter.mg.example.org'].flatMap((domain) =>
    (['access', 'notice', 'bulk'] as const).flatMap((kind) => sumsOf(domain, kind, n, 'relay_denied')),
  );
  return { ...sample(), total: figuresOf(sums), groups: groupsOf(sums) };
}

test('on a narrow screen no number touches the one beside it', { skip: withoutBrowser }, async (t) => {
  const browser = await startBrowser(t);
  const pages = {
    file: await summaryFile(wide()),
    mail: (await letterOf(wide())).html,
    other: await summaryFile(sample()),
  };
  for (const [name, html] of Object.entries(pages)) {
    for (const width of [320, 360, 1024]) {
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      await page.goto(fileOf(t, html));
      assert.deepEqual(await page.evaluate(TOUCHING), [], `${name} at ${width}`);
      assert.deepEqual(await page.evaluate(OUTSIDE), [], `${name} at ${width}`);
      await page.close();
    }
  }
});

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { DrillReport } from '../../../src/core/drills.ts';
import { reportOf } from '../../../src/drill/judge/report.ts';
import { madeFolder, writeReports } from '../../../src/drill/report/files.ts';
import { drillMarkdown } from '../../../src/drill/report/markdown.ts';
import { drillPage } from '../../../src/drill/report/page.ts';
import { startBrowser, withoutBrowser } from '../../support/browser.ts';
import { at, good } from '../judge/support.ts';

const NASTY = '<img src=x onerror=alert(1)> | [a](javascript:x) `b` \u001b[31m\u202e';

const report = (): DrillReport =>
  reportOf(
    good({
      timeline: [
        { at: at(0), who: 'Mailgun', says: 'goes away' },
        { at: at(5), who: 'status', says: NASTY },
      ],
    }),
    'demo',
    false,
  );

const folderOf = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), 'homing-drills-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'not', 'there', 'yet');
};

test('a report is dated and written in three forms, and replaces none', async (t) => {
  const folder = await madeFolder(folderOf(t));
  const paths = await writeReports(report(), folder);
  const day = new Date(report().startedAt).toISOString().slice(0, 10);
  assert.deepEqual(
    paths.map((path) => path.split('.').at(-1)),
    ['md', 'json', 'html'],
  );
  for (const path of paths) assert.match(path, new RegExp(`/drill-${day}T\\d{6}Z-down\\.`));
  assert.deepEqual(JSON.parse(readFileSync(paths[1] ?? '', 'utf8')), JSON.parse(JSON.stringify(report())));
  await assert.rejects(writeReports(report(), folder), { code: 'EEXIST' });
});

test('the Markdown names each check with its result, and what others wrote is no markup in it', () => {
  const text = drillMarkdown(report());
  assert.match(text, /^# Drill of \d{4}-.* UTC: passed\n/);
  assert.match(text, /\| exactly one copy arrived \| passed \| each of 4 mails arrived once \|/);
  assert.ok(text.includes('\\<img src=x onerror=alert(1)\\> \\| \\[a\\](javascript:x) \\`b\\`'));
  const lines = text.split('\n').filter((one) => one.startsWith('| 15.0 s'));
  assert.equal(lines.length, 2);
  for (const line of lines) assert.equal(line.split(/(?<!\\)\|/).length, line.includes('status') ? 5 : 7, line);
  assert.doesNotMatch(text, /\p{Cc}(?<!\n)|\u202e/u);
});

test('the page has no script and loads nothing, says what the picture shows, and gives its figures as a table', async () => {
  const page = await drillPage(report());
  assert.match(
    page,
    /http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"/,
  );
  assert.doesNotMatch(page, /<script|<link|<img src=x|https?:/);
  assert.match(
    page,
    /alt="Mail over time: 3 arrived by Mailgun and 1 by the secondary; 0 waited at most, and 0 at the end\."/,
  );
  assert.match(page, /<th class="head" scope="col"[^>]*>waiting<\/th>/);
  const failed = { ...report(), passed: false, checks: [{ check: 'drain', result: 'failed', says: NASTY }] } as const;
  assert.match(await drillPage(failed), /The drill failed\..*FAILED/s);
});

test('in a browser the page fits 320 and 1024 pixels and its picture is drawn, in the light and in the dark', {
  skip: withoutBrowser,
}, async (t) => {
  const browser = await startBrowser(t);
  const paths = await writeReports(report(), await madeFolder(folderOf(t)));
  for (const width of [320, 1024])
    for (const colorScheme of ['light', 'dark'] as const) {
      const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme });
      const said: string[] = [];
      page.on('console', (message) => said.push(message.text()));
      await page.goto(pathToFileURL(paths[2] ?? '').href);
      await page.locator('summary').click();
      const look = await page.evaluate(
        `({ width: document.documentElement.scrollWidth, drawn: [...document.images].every((i) => i.naturalWidth > 0) })`,
      );
      assert.deepEqual([look, said], [{ width, drawn: true }, []]);
      await page.close();
    }
});

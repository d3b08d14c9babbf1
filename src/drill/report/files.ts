import { access, constants, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { DrillReport } from '../../core/drills.ts';
import { safeJson } from '../../core/safe-text.ts';
import { drillMarkdown } from './markdown.ts';
import { drillPage } from './page.ts';

/** Makes a folder, where it is not there, and sees to it that reports can be written there. */
export async function madeFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK);
  return folder;
}

/** Writes the three forms of a report into a folder, and gives their paths. None replaces another. */
export async function writeReports(report: DrillReport, folder: string): Promise<string[]> {
  const name = `drill-${new Date(report.startedAt).toISOString().slice(0, 19).replace(/:/g, '')}Z-${report.fault}`;
  const texts = { md: drillMarkdown(report), json: `${safeJson(report, 2)}\n`, html: await drillPage(report) };
  const paths: string[] = [];
  for (const [ending, text] of Object.entries(texts)) {
    const path = resolve(join(folder, `${name}.${ending}`));
    await writeFile(path, text, { flag: 'wx' });
    paths.push(path);
  }
  return paths;
}

import { styleText } from 'node:util';
import { sleep } from '../../base/wait.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { type Cast, TOKEN } from './cast.ts';

/** What the demo prints with, and what ends it early. */
export type Stage = { say(line: string): void; signal: AbortSignal };

export type Play = { stage: Stage; cast: Cast; startedAt: Ms };

const PATIENCE: Ms = 90 * SECOND;

export const isOn = ({ stage, startedAt }: Play): boolean => !stage.signal.aborted && Date.now() - startedAt < PATIENCE;

/** Looks again and again until it is so; false when it did not become so while the play lasted. */
export async function until(play: Play, isSo: () => Promise<boolean>): Promise<boolean> {
  while (isOn(play)) {
    if (await isSo()) return true;
    await sleep(100, play.stage.signal);
  }
  return false;
}

export const bold = (text: string): string => styleText('bold', text);

export const since = (at: Ms): string => `${((Date.now() - at) / SECOND).toFixed(1).padStart(5)} s`;

/** Something that happens to somebody, or by somebody. */
export function sayOf({ stage, startedAt }: Play, name: string, text: string): void {
  stage.say(`${since(startedAt)}  ${bold(name.padEnd(7))} ${text}`);
}

/** Where it can be watched, while it plays and afterwards. */
export const watchAt = ({ stage, cast: { url } }: Play): void =>
  stage.say(`Watch it in a browser: ${bold(`${url}/`)}\n`);

/** What there is to see in a browser: a question, and the page that answers it. */
export type Tour = readonly (readonly [question: string, page: string])[];

/** Stays up, so that one can look around. */
export async function linger({ stage, cast: { url } }: Play, path: string, tour: Tour): Promise<void> {
  stage.say(`\nIt stays up until Ctrl-C. A tour in a browser begins at ${bold(`${url}/`)} and answers`);
  const widest = Math.max(...tour.map(([question]) => question.length));
  for (const [question, page] of tour) stage.say(`  ${question.padEnd(widest)}  ${url}${page}`);
  stage.say('Or from here:');
  stage.say(`  curl -s -H 'Authorization: Bearer ${TOKEN}' '${url}${path}'`);
  stage.say(`  curl -s ${url}/api/status`);
  if (stage.signal.aborted) return;
  await new Promise<void>((resolve) => stage.signal.addEventListener('abort', () => resolve(), { once: true }));
}

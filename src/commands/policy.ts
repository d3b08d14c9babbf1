import type { Command } from 'commander';
import type { Change, Comparison, Effect, RuleSet } from '../classifier/replay.ts';
import { EFFECT_WORDS, rulingWords } from '../classifier/replay-words.ts';
import { maskAddress } from '../core/address.ts';
import { replyWords } from '../core/reply-words.ts';
import { safeJson } from '../core/safe-text.ts';
import type { Sighting } from '../core/sighting.ts';
import { maskReply } from '../core/words/mask.ts';
import { ownRules } from './classify.ts';
import { EXIT, Failed, plural, printable, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Reads events that Mailgun has told, one a line: bodies of webhooks, their
event-data, or items of the Events or Logs API (jq -c '.items[]'). "-" reads
standard input. Nothing is sent, and no database is needed.

Without options it says what your rules (HOMING_RULES, RETRY_CODES,
RETRY_DECISIONS) change against the built-in ones. With options it says what
these would change against your present rules.

Examples:
  homing policy test events.jsonl
  homing policy test events.jsonl --rules new-rules.json
  homing policy test events.jsonl --codes 500-554,571 --decisions classifier
  homing policy test events.jsonl --json | tail -n 1 | jq .summary`;

type Options = { rules?: string; codes?: string; decisions?: string; json?: boolean };

export function addPolicyCommand(program: Command, terminal: Terminal): void {
  const policy = program.command('policy').description('try rules on what has happened before they go live');
  policy
    .command('test')
    .description('replay recorded events and say what rules would change')
    .argument('<file>', 'events of Mailgun, one JSON object a line')
    .option('--rules <file>', 'own rules to try')
    .option('--codes <list>', 'RETRY_CODES to try')
    .option('--decisions <which>', 'RETRY_DECISIONS to try: classifier or codes')
    .option('--json', 'print each change as a line of JSON, and the summary as the last')
    .addHelpText('after', EXAMPLES)
    .action((file: string, options: Options) => test(terminal, file, options));
}

async function test(terminal: Terminal, file: string, options: Options): Promise<void> {
  const { present, other } = await ruleSets(terminal, options);
  const { linesOf } = await import('../base/lines.ts');
  const { compare, emptyComparison } = await import('../classifier/replay.ts');
  const { reopen } = await import('../providers/mailgun/webhook.ts');
  const { stream, size } = await opened(file);
  const comparison = emptyComparison();
  const wrong: Wrong = { lines: 0, first: [] };
  const progress = progressOn(terminal, size);
  for await (const { number, text, bytes } of linesOf(stream, LONGEST)) {
    progress(bytes, comparison.events);
    if (text?.trim() === '') continue;
    const sighting = text === null ? null : reopen(text, null);
    const change = sighting && compare(comparison, sighting, present, other);
    if (!sighting) await setAside(wrong, number, text);
    else if (change) {
      // Waits for the reader: the file may be long, and every event of it may change.
      const taken = terminal.out.write(`${changeWords(number, sighting, change, options.json === true)}\n`);
      if (!taken) await new Promise<void>((resolve) => terminal.out.once('drain', resolve));
    }
  }
  progress(size ?? 0, comparison.events, true);
  if (comparison.events === 0) throw new Failed(`There is no event of Mailgun in ${file}${firstWords(wrong)}.`);
  if (options.json) return sayJson(terminal, { summary: { ...comparison, malformed: wrong } }, 'line');
  say(terminal, ...comparisonWords(comparison, wrong));
}

/** Mailgun's events are a few kilobytes long; a line beyond this is no event. */
const LONGEST = 1024 * 1024;

async function ruleSets(terminal: Terminal, options: Options): Promise<{ present: RuleSet; other: RuleSet }> {
  const { ConfigError, readConfig } = await import('../config/config.ts');
  const { judgeBy } = await import('../classifier/judge.ts');
  const setOf = async (env: Terminal['env'], rulesFile: string | undefined): Promise<RuleSet> => {
    const config = readConfig(env, 'database');
    const rules = { codes: config.RETRY_CODES, decisions: config.RETRY_DECISIONS };
    return { judge: judgeBy(await ownRules(rulesFile)), rules };
  };
  const { env } = terminal;
  const file = env['HOMING_RULES'];
  const own = await setOf(env, file);
  const given = options.rules ?? options.codes ?? options.decisions;
  if (given === undefined) return { present: await setOf({}, undefined), other: own };
  const tried = {
    ...env,
    ...(options.codes === undefined ? {} : { RETRY_CODES: options.codes }),
    ...(options.decisions === undefined ? {} : { RETRY_DECISIONS: options.decisions }),
  };
  const other = await setOf(tried, options.rules ?? file).catch((error: unknown) => {
    throw error instanceof ConfigError ? new Failed(error.problems.join('\n'), EXIT.usage) : error;
  });
  return { present: own, other };
}

async function opened(file: string): Promise<{ stream: AsyncIterable<Buffer>; size: number | null }> {
  if (file === '-') return { stream: process.stdin as AsyncIterable<Buffer>, size: null };
  const { open } = await import('node:fs/promises');
  try {
    const handle = await open(file);
    const { size } = await handle.stat();
    return { stream: handle.createReadStream() as AsyncIterable<Buffer>, size };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    throw new Failed(`${file} can't be read: ${why}`);
  }
}

/** Lines that hold no event: how many, and the first of them with what is wrong. */
type Wrong = { lines: number; first: { line: number; problem: string }[] };
const NAMED = 10;

async function setAside(wrong: Wrong, line: number, text: string | null): Promise<void> {
  wrong.lines++;
  if (wrong.first.length >= NAMED) return;
  wrong.first.push({ line, problem: text === null ? 'it is too long for an event' : await problemIn(text) });
}

async function problemIn(text: string): Promise<string> {
  const { payloadOf } = await import('../providers/mailgun/payload.ts');
  const payload = payloadOf(text, { kind: 'json', type: 'application/json' });
  return typeof payload === 'string' ? payload : 'it is no event of Mailgun';
}

const firstWords = ({ first: [one] }: Wrong): string => (one ? ` (line ${one.line}: ${one.problem})` : '');

function changeWords(line: number, about: Sighting, { from, to }: Change, json: boolean): string {
  const recipient = maskAddress(about.recipient ?? '');
  const reply = printable(maskReply(replyWords(about.bounce), about.recipient ?? '', about.subject));
  if (json) return safeJson({ line, recipient, reply, from, to });
  return [
    wrapped(`line ${line}  `, `${recipient}  ${reply}`),
    wrapped('    was  ', rulingWords(from)),
    wrapped('    now  ', rulingWords(to)),
  ].join('\n');
}

function comparisonWords(comparison: Comparison, wrong: Wrong): string[] {
  const row = (...cells: (string | number)[]) =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(32) : String(cell).padStart(10))).join('');
  const effects = Object.entries(comparison.effects) as [Effect, Comparison['effects'][Effect]][];
  const moves = Object.entries(comparison.moves).sort(([, a], [, b]) => b - a);
  return [
    '',
    `${plural(comparison.events, 'event', 'events')}, ${plural(comparison.failures, 'final failure', 'final failures')}, ${comparison.changed} judged differently.`,
    '',
    row('', 'before', 'after', 'newly', 'no longer'),
    ...effects.map(([effect, n]) => row(EFFECT_WORDS[effect], n.before, n.after, n.newly, n.noLonger)),
    ...(moves.length > 0 ? ['', ...moves.map(([move, n]) => row(move, n))] : []),
    ...(wrong.lines > 0 ? ['', `${plural(wrong.lines, 'line holds', 'lines hold')} no event of Mailgun:`] : []),
    ...wrong.first.map(({ line, problem }) => wrapped(`  line ${line}: `, problem)),
    ...(wrong.lines > wrong.first.length ? [`  and ${wrong.lines - wrong.first.length} more`] : []),
  ];
}

const OFTEN = 250;

/** Shows the progress, only on a terminal and a few times a second at most. */
function progressOn(terminal: Terminal, size: number | null): (bytes: number, events: number, end?: boolean) => void {
  if (!('isTTY' in terminal.err) || terminal.err.isTTY !== true) return () => {};
  let last = 0;
  return (bytes, events, end = false) => {
    const now = terminal.now();
    if (!end && now - last < OFTEN) return;
    last = now;
    const share = size ? `${Math.floor((100 * bytes) / size)} %, ` : '';
    terminal.err.write(end ? '\r\x1b[K' : `\r${share}${events} events`);
  };
}

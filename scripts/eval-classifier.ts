/**
 * Scores the classifier on labelled replies: one JSON object a line with `id, code, enhanced, message, label, decision`
 * and `ok` (other decisions that do no harm).
 *
 *   npm run eval:classifier -- FILE [--json] [--split N] [--misses N]
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { classify } from '../src/classifier/classify.ts';
import { DECISION_OF } from '../src/classifier/engine/rule.ts';
import { type Cause, DECISIONS, type Decision } from '../src/core/verdict.ts';
import {
  costOf,
  isFine,
  isTemporary,
  type Labelled,
  type Measures,
  measure,
  readLabelled,
} from './labelled-replies.ts';

type Judge = { name: string; decide: (row: Labelled) => Decision };

const judges: readonly Judge[] = [
  { name: 'homing', decide: (row) => verdictOn(row).decision },
  { name: 'codes 500-554', decide: byReplyCode },
  { name: 'enhanced code', decide: byEnhancedCode },
];

const verdictOn = (row: Labelled) => classify({ code: row.code, enhancedCode: row.enhanced, message: row.message });

/** The rule that everybody starts with: re-send when the code is between 500 and 554. */
function byReplyCode(row: Labelled): Decision {
  if (isTemporary(row)) return 'retry_later';
  return row.code !== null && row.code >= 500 && row.code <= 554 ? 'retry_new_ip' : 'give_up_no_suppress';
}

/** RFC 3463 taken at its word, and RFC 5321 where there is no enhanced code. */
function byEnhancedCode(row: Labelled): Decision {
  if (isTemporary(row)) return 'retry_later';
  return DECISION_OF[causeOfEnhanced(row.enhanced ?? '') ?? causeOfCode(row.code)];
}

const CAUSE_OF_DETAIL: Record<string, Cause> = {
  '1.2': 'bad_domain',
  '1.7': 'sender_address',
  '1.8': 'sender_address',
  '2.1': 'recipient_disabled',
  '2.2': 'mailbox_full',
  '2.3': 'message_too_big',
  '3.4': 'message_too_big',
  '4.4': 'bad_domain',
  '4.6': 'loop',
};
const CAUSE_OF_SUBJECT: Record<string, Cause> = {
  1: 'recipient_unknown',
  2: 'recipient_disabled',
  3: 'server_misconfig',
  4: 'network',
  5: 'protocol_error',
  6: 'message_format',
  7: 'policy_block',
};

function causeOfEnhanced(enhanced: string): Cause | undefined {
  return CAUSE_OF_DETAIL[enhanced.slice(2)] ?? CAUSE_OF_SUBJECT[enhanced.slice(2, 3)];
}

function causeOfCode(code: number | null): Cause {
  if (code === 550 || code === 551 || code === 553) return 'recipient_unknown';
  if (code === 552) return 'mailbox_full';
  return code !== null && code < 510 ? 'protocol_error' : 'undetermined';
}

function main(): void {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, split: { type: 'string' }, misses: { type: 'string', default: '15' } },
  });
  const [file] = positionals;
  if (file === undefined || !existsSync(file)) {
    const trouble = file === undefined ? 'No file is named.' : `There is no file ${file}.`;
    console.error(`${trouble} Usage: npm run eval:classifier -- FILE [--json] [--split N] [--misses N]`);
    process.exitCode = 2;
    return;
  }
  const rows = readLabelled(readFileSync(file, 'utf8'));
  const folds = Number(values.split ?? 0);
  if (values.json) console.log(JSON.stringify(figures(rows, folds)));
  else print(rows, folds, Number(values.misses));
}

function figures(rows: readonly Labelled[], folds: number) {
  const scored = Object.fromEntries(judges.map(({ name, decide }) => [name, measure(rows, decide)]));
  return { rows: rows.length, ...scored, ...(folds > 0 ? { folds: foldsOf(rows, folds) } : {}) };
}

function foldsOf(rows: readonly Labelled[], folds: number): Measures[] {
  const foldOf = ({ id }: Labelled): number => (createHash('sha256').update(id).digest()[0] ?? 0) % folds;
  return Array.from({ length: folds }, (_, fold) =>
    measure(
      rows.filter((row) => foldOf(row) === fold),
      (row) => verdictOn(row).decision,
    ),
  );
}

function print(rows: readonly Labelled[], folds: number, misses: number): void {
  const scored = judges.map(({ name, decide }) => ({ classifier: name, ...measure(rows, decide) }));
  console.table(scored);
  if (folds > 0) console.table(foldsOf(rows, folds).map((fold, at) => ({ fold: at, ...fold })));
  console.log('By cause (coded final failures):');
  console.table(byCause(rows));
  console.log('Decisions: rows are right, columns are ours');
  console.table(confusion(rows));
  console.log('Worst misses:');
  for (const line of worst(rows).slice(0, misses)) console.log(`  ${line}`);
}

const finals = (rows: readonly Labelled[]): Labelled[] => rows.filter((row) => row.code !== null && !isTemporary(row));
const percent = (part: number, all: number): string => (all === 0 ? '-' : `${((100 * part) / all).toFixed(1)} %`);

function byCause(rows: readonly Labelled[]) {
  const labels = [...new Set(rows.map(({ label }) => label))].sort();
  return labels.map((label) => {
    const all = rows.filter((row) => row.label === label);
    const final = finals(all);
    const named = all.filter((row) => verdictOn(row).cause === label).length;
    const fine = final.filter((row) => isFine(row, verdictOn(row).decision)).length;
    return {
      label,
      replies: all.length,
      'cause named': percent(named, all.length),
      final: final.length,
      accepted: percent(fine, final.length),
    };
  });
}

function confusion(rows: readonly Labelled[]) {
  const counts = (right: Decision) => {
    const ours = finals(rows)
      .filter(({ decision }) => decision === right)
      .map((row) => verdictOn(row).decision);
    return DECISIONS.map((said): [Decision, number] => [said, ours.filter((one) => one === said).length]);
  };
  return Object.fromEntries(DECISIONS.map((right) => [right, Object.fromEntries(counts(right))]));
}

function worst(rows: readonly Labelled[]): string[] {
  return finals(rows)
    .map((row) => ({ row, verdict: verdictOn(row) }))
    .map(({ row, verdict }) => ({ row, verdict, cost: costOf(row, verdict.decision) }))
    .filter(({ row, verdict }) => !isFine(row, verdict.decision))
    .sort((a, b) => b.cost - a.cost || a.row.id.localeCompare(b.row.id))
    .map(({ row, verdict, cost }) => {
      const { cause, decision, evidence } = verdict;
      const said = `${row.code} ${row.enhanced ?? ''} ${row.message}`.slice(0, 160);
      return `cost ${cost}: ${row.label} taken for ${cause}, ${decision} (${evidence.rule}: "${evidence.words}"): ${said}`;
    });
}

main();

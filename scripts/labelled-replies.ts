import { DECISIONS, type Decision } from '../src/core/verdict.ts';

/** A real reply and what is right to do about it. */
export type Labelled = {
  id: string;
  code: number | null;
  enhanced: string | null;
  message: string;
  label: string;
  decision: Decision;
  /** Other decisions that do no harm. */
  ok: Decision[];
};

export type Measures = {
  coded: number;
  final: number;
  accepted: number;
  exact: number;
  resend_to_dead: number;
  dead_unsuppressed: number;
  wrong_suppression: number;
  lost_retryable: number;
  ip_blocks_lost: number;
  pointless_resend: number;
  cost: number;
  accepted_all: number;
};

export function readLabelled(text: string): Labelled[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line, at) => {
    const row: unknown = JSON.parse(line);
    if (!isLabelled(row)) throw new Error(`line ${at + 1} is not a labelled reply`);
    return { ...row, code: row.code ?? null, enhanced: row.enhanced ?? null };
  });
}

function isLabelled(row: unknown): row is Labelled {
  if (typeof row !== 'object' || row === null) return false;
  const { id, message, label, decision, ok } = row as { [name: string]: unknown };
  const texts = [id, message, label].every((field) => typeof field === 'string');
  return texts && DECISIONS.some((known) => known === decision) && Array.isArray(ok);
}

const DEAD: Decision = 'give_up_suppress';
const AGAIN: readonly Decision[] = ['retry_new_ip', 'switch_provider', 'retry_later'];

/** 498 is Mailgun's own "no MX", and final. */
export const isTemporary = ({ code }: Labelled): boolean => code !== null && code >= 400 && code < 500 && code !== 498;
export const isFine = (row: Labelled, said: Decision): boolean => said === row.decision || row.ok.includes(said);

const isDead = (row: Labelled): boolean => row.decision === DEAD;
const isAlive = (row: Labelled): boolean => !isDead(row) && !row.ok.includes(DEAD);
const isCurable = (row: Labelled): boolean => AGAIN.includes(row.decision);
const isIncurable = (row: Labelled): boolean => !isCurable(row) && !isDead(row);
const isBlock = (row: Labelled): boolean => row.label === 'ip_block' || row.label === 'ip_config';

/** What a decision costs: 5 to mail a dead address again or to suppress a living one, 2 to lose what could be cured, 1 otherwise. */
export function costOf(row: Labelled, said: Decision): number {
  const fine = isFine(row, said);
  if (isAlive(row) && said === DEAD) return 5 + (isCurable(row) && !fine ? 2 : 0);
  if (fine) return 0;
  if (isDead(row)) return AGAIN.includes(said) ? 5 : 1;
  if (isCurable(row)) return AGAIN.includes(said) ? 0 : 2;
  return AGAIN.includes(said) ? 1 : 0;
}

/** Shares in percent, of coded final failures but for `accepted_all`. */
export function measure(rows: readonly Labelled[], decide: (row: Labelled) => Decision): Measures {
  const coded = rows
    .filter(({ code }) => code !== null)
    .map((row) => ({ row, said: decide(row), fine: isFine(row, decide(row)) }));
  const final = coded.filter(({ row }) => !isTemporary(row));
  type Said = (typeof final)[number];
  const share = (of: (one: Said) => boolean, hit: (one: Said) => boolean, all = final): number => {
    const those = all.filter(of);
    return those.length === 0 ? 0 : Math.round((10_000 * those.filter(hit).length) / those.length) / 100;
  };
  const again = ({ said }: Said): boolean => AGAIN.includes(said);
  const missed = ({ fine }: Said): boolean => !fine;
  const elsewhere = ({ said }: Said): boolean => said === 'retry_new_ip' || said === 'switch_provider';
  const cost = final.reduce((sum, { row, said }) => sum + costOf(row, said), 0);
  return {
    coded: coded.length,
    final: final.length,
    accepted: share(
      () => true,
      ({ fine }) => fine,
    ),
    exact: share(
      () => true,
      ({ row, said }) => said === row.decision,
    ),
    resend_to_dead: share(
      ({ row }) => isDead(row),
      (one) => again(one) && missed(one),
    ),
    dead_unsuppressed: share(({ row }) => isDead(row), missed),
    wrong_suppression: share(
      ({ row }) => isAlive(row),
      ({ said }) => said === DEAD,
    ),
    lost_retryable: share(
      ({ row }) => isCurable(row),
      (one) => !again(one) && missed(one),
    ),
    ip_blocks_lost: share(
      ({ row }) => isBlock(row),
      (one) => !elsewhere(one) && missed(one),
    ),
    pointless_resend: share(
      ({ row }) => isIncurable(row),
      (one) => again(one) && missed(one),
    ),
    cost: final.length === 0 ? 0 : Math.round((1_000 * cost) / final.length) / 1_000,
    accepted_all: share(
      () => true,
      ({ fine }) => fine,
      coded,
    ),
  };
}

import { counted } from '../../core/words/numbers.ts';

export const DOCTOR = {
  intro:
    'Checks the configuration, the database, providers, webhooks, clocks, disks and that every open mail will be acted on. It changes nothing.',
  run: 'Look now',
  again: 'Look again',
  running: 'The doctor is looking. It began',
  never:
    'It has not looked since this daemon was started. Let it look: within a minute its findings stand here, each with how to mend it.',
  away: 'The doctor can not be asked from here. Run "homing doctor" on the machine.',
  failed: 'The doctor came to no end',
  sum: (problems: number, warnings: number) => `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}`,
  looked: 'It looked',
  lasted: (length: string) => `for ${length}`,
  findings: 'Findings',
  check: 'Check',
  status: 'State',
  statuses: { ok: 'ok', warning: 'warning', problem: 'problem' },
  finding: 'What it found',
  mend: 'How to mend it',
  runbook: 'The runbook says more of each',
} as const;

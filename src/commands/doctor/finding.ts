import { databaseTrouble } from '../common/database.ts';

/** The result of one check. `mend` says what to do about it. */
export type Finding = { check: string; status: 'ok' | 'warning' | 'problem'; says: string; mend: string | null };

export const ok = (check: string, says: string): Finding => ({ check, status: 'ok', says, mend: null });
export const warning = (check: string, says: string, mend: string): Finding => ({
  check,
  status: 'warning',
  says,
  mend,
});
export const problem = (check: string, says: string, mend: string): Finding => ({
  check,
  status: 'problem',
  says,
  mend,
});

/** A check that breaks is a finding like any other: the checks after it go on. */
export async function guarded(check: string, work: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await work();
  } catch (error) {
    return [problem(check, `could not be checked: ${databaseTrouble(error)}`, 'see the other lines, then try again')];
  }
}

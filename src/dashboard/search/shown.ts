// What people of a role see of mail. Addresses are whole for everybody: where a mail is can not be told without.
import { withoutCodes } from '../../core/words/mask.ts';
import type { MessageRow } from '../../store/rows/rows.ts';
import { mayAct, type Role } from '../desk/users.ts';

/** Whoever could read the code in a subject could log in as its recipient. */
export function subjectFor(role: Role, { subject, class: kind }: Pick<MessageRow, 'subject' | 'class'>): string | null {
  return subject === null || kind !== 'access' || mayAct(role, 'owner') ? subject : withoutCodes(subject);
}

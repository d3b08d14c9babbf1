// What people of a role see of mail. Addresses are whole for everybody: where a mail is can not be told without.
import { withoutCodes } from '../../core/words/mask.ts';
import type { MessageRow } from '../../store/rows/rows.ts';
import { mayAct, type Role } from '../desk/users.ts';

/** Whoever could read the code in a subject, or in an event that quotes it, could log in as its recipient. */
export const seesAll = (role: Role, { class: kind }: Pick<MessageRow, 'class'>): boolean =>
  kind !== 'access' || mayAct(role, 'owner');

export const subjectFor = (role: Role, message: Pick<MessageRow, 'subject' | 'class'>): string | null =>
  message.subject === null || seesAll(role, message) ? message.subject : withoutCodes(message.subject);

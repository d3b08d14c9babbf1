import { userInfo } from 'node:os';
import type { Config } from '../../config/config.ts';
import { storable } from '../../core/safe-text.ts';
import type { Store } from '../../store/db/open.ts';
import { findMessage } from '../../store/messages/find.ts';
import { databaseName } from './database.ts';
import { Failed, printable } from './terminal.ts';

/** The message of that name. If there is none it throws a sentence that says what was looked for. */
export async function messageNamed(store: Store, config: Config, name: string) {
  const found = await findMessage(store, name);
  if (found) return found;
  const where = databaseName(config.DATABASE_URL);
  const looked = 'No message or delivery has this id, and no message this Message-Id';
  throw new Failed(`${looked}: "${printable(name).slice(0, 200)}" (looked for in ${where}).`);
}

/** Who did it, for the audit and the facts. */
export function operator(): string {
  try {
    return `${storable(userInfo().username, 32)} (command line)`;
  } catch {
    return 'the command line'; // a user id without a name, as in some containers
  }
}

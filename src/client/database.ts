import { AppError } from '../base/errors.ts';
import { readConfig } from '../config/config.ts';
import { settingsOf } from '../config/settings.ts';
import { detailOf } from '../contract/present.ts';
import { SECOND } from '../core/time.ts';
import { queueMessage } from '../intake/queue.ts';
import { catchUp, keepTold } from '../intake/told.ts';
import { cancelMessage } from '../operate/operate.ts';
import { openStore } from '../store/db/open.ts';
import { findMessage, messagesByKey } from '../store/messages/find.ts';
import { cancelMessages } from '../store/messages/messages.ts';
import type { Backend } from './backend.ts';

export type DatabaseOptions = {
  database: string;
  env: Readonly<Record<string, string | undefined>>;
  encryptionKey: string | null;
};

/** The database itself, by the same steps that the daemon's HTTP API goes through. */
export function openDatabase({ database, env, encryptionKey }: DatabaseOptions): Backend {
  const settings = settingsOf(readConfig({ ...env, DATABASE_URL: database }, 'database'));
  const store = openStore(database, { idle: 5 * SECOND });
  const now = Date.now;
  return {
    async record(records) {
      // The wrapper made them well; whoever files them looks all the same.
      await keepTold(store, records, now());
      return records.map(() => ({ ok: true }));
    },
    async queue(domain, form) {
      const deps = { store, settings, encryptionKey, domains: null };
      const { messageId } = await queueMessage(deps, { domain, form }, now());
      return { status: 200, id: `<${messageId}>`, message: 'Queued. Thank you.' };
    },
    async cancel(which) {
      await catchUp({ store, settings }, now());
      if ('key' in which) return cancelMessages(store, await messagesByKey(store, which.key), 'by_application', now());
      try {
        return await cancelMessage(
          store,
          { message: which.id, who: 'the application', reason: 'by_application' },
          now(),
        );
      } catch (error) {
        if (error instanceof AppError && error.code === 'not_found') return 0;
        throw error;
      }
    },
    async status(id) {
      await catchUp({ store, settings }, now());
      const found = await findMessage(store, id);
      return found ? detailOf(found.message, found.views) : null;
    },
    close: store.close,
  };
}

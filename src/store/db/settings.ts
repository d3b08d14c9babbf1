import { text } from '../../base/kinds.ts';
import { room } from '../../base/setting.ts';
import { databaseProblem, isInMemory } from './url.ts';

export const DATABASE = room({
  title: 'Database',
  settings: {
    DATABASE_URL: {
      kind: text.superRefine((url, ctx) => {
        const message = databaseProblem(url);
        if (message !== null) ctx.addIssue({ code: 'custom', message });
      }),
      hides: 'login',
      default: 'sqlite:./data/homing.sqlite',
      level: 'usual',
      says: 'sqlite:./file or mysql://user:pass@host:3306/database (MySQL 8 or MariaDB 10.6 and later), with ?ssl=true for TLS, and ssl-ca=file for an authority of your own. Several hosts of one cluster, divided by commas, are asked in turn: the first that works, and another when it does not any more.',
    },
  },
  doubts: ({ DATABASE_URL }) => (isInMemory(DATABASE_URL) ? [IN_MEMORY] : []),
});

const IN_MEMORY =
  'DATABASE_URL keeps everything in memory, where nothing is durable: no daemon starts with it, so name a file';

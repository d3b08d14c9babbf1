import { readAs } from '../../base/kinds.ts';
import { room } from '../../base/setting.ts';

const isDatabase = (text: string): boolean =>
  /^sqlite:.+/.test(text) || (/^(mysql|mariadb):\/\/.+\/.+/.test(text) && URL.canParse(text));

export const DATABASE = room({
  title: 'Database',
  settings: {
    DATABASE_URL: {
      kind: readAs(
        (text) => (isDatabase(text) ? text : null),
        'must be sqlite:./file or mysql://user:pass@host:3306/database',
      ),
      default: 'sqlite:./data/homing.sqlite',
      level: 'usual',
      says: 'sqlite:./file or mysql://user:pass@host:3306/database (MySQL 8 or MariaDB 10.6 and later).',
    },
  },
});

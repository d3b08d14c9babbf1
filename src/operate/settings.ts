import { count } from '../base/kinds.ts';
import { room } from '../base/setting.ts';

export const OPERATE = room({
  title: 'Upkeep',
  settings: {
    RETENTION_DAYS: { kind: count(), default: '90', level: 'usual', says: 'Days that finished messages are kept.' },
    BULK_RATE: {
      kind: count(1, 200),
      default: '20',
      level: 'rarely',
      says: 'Deliveries a second that are changed when something is done to much mail at once from the dashboard.',
    },
  },
});

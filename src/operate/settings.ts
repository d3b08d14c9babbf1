import { count } from '../base/kinds.ts';
import { room } from '../base/setting.ts';

export const OPERATE = room({
  title: 'Upkeep',
  settings: {
    RETENTION_DAYS: { kind: count(), default: '90', level: 'usual', says: 'Days that finished messages are kept.' },
  },
});

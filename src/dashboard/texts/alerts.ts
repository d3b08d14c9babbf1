import { counted } from '../../core/words/numbers.ts';

export const ALERTS = {
  none: 'No alert yet. When mail is given up, a provider is down or something is set up wrongly, it stands here.',
  waiting: 'Still to be sent',
  tried: (n: number) => `tried ${counted(n, 'time')},`,
  made: 'Written',
  says: 'What it says',
  count: 'Cases',
  sent: 'Sent',
  notYet: 'not yet',
  older: 'Older ones',
  back: 'All alerts',
  deliveries: 'As they stand now',
  more: (n: number) => `And ${counted(n, 'more', 'more')}.`,
} as const;

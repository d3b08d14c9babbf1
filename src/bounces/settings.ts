import { count, text } from '../base/kinds.ts';
import { room } from '../base/setting.ts';

export const BOUNCES = room({
  title: 'Bounces',
  settings: {
    BOUNCE_SMTP_PORT: {
      kind: count(0, 65535),
      level: 'rarely',
      needs: 'BOUNCE_DOMAIN',
      says: 'Port on which mail for BOUNCE_DOMAIN is taken by SMTP, such as 2525. Servers deliver to port 25: forward that to it, or have a mail server pass the domain on. Without it such mail can only be posted to /webhooks/bounces.',
    },
    BOUNCE_SMTP_HOST: { kind: text, default: '0.0.0.0', level: 'rarely', says: 'Address of that port.' },
  },
});

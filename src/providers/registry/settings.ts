import { list } from '../../base/kinds.ts';
import { room, type SettingsOf } from '../../base/setting.ts';
import { checkRelay } from '../smtp/settings.ts';

/** `smtp://…`, and other providers by the scheme of their URL. */
const providerUrls = list.superRefine((urls, ctx) => {
  for (const url of urls) {
    if (/^smtps?:/i.test(url)) checkRelay(url, ctx);
    else if (!/^[a-z][a-z0-9+.-]*:\/\/\S+$/i.test(url)) ctx.addIssue({ code: 'custom', message: URLS });
  }
});

const URLS = 'must be a comma list of URLs of providers such as smtp://user:pass@host:587';

export const SECONDARIES = room({
  title: 'Secondaries of any kind',
  settings: {
    SECONDARY: {
      kind: providerUrls,
      default: '',
      level: 'rarely',
      says: 'Comma list of secondary providers by their URLs (smtp://, smtps://), tried in order and before those of SECONDARY_SMTP_URL.',
    },
  },
});

export type SecondarySettings = SettingsOf<typeof SECONDARIES>;

import type { z } from 'zod';
import { list } from '../../base/kinds.ts';
import { room, type SettingsOf } from '../../base/setting.ts';
import { checkMailersend, mailersendDoubts } from '../mailersend/settings.ts';
import { checkSendGrid, sendGridDoubts } from '../sendgrid/settings.ts';
import { checkRelay, relayDoubts } from '../smtp/settings.ts';

type Check = (url: string, ctx: z.core.$RefinementCtx<unknown>) => void;

/** The schemes that a secondary's URL may have, each with what its URL must be like. The registry opens them. */
const CHECKS = {
  'smtp:': checkRelay,
  'smtps:': checkRelay,
  'mailersend:': checkMailersend,
  'sendgrid:': checkSendGrid,
} satisfies Record<string, Check>;

export type Scheme = keyof typeof CHECKS;

/** In lower case, with its colon. */
export const schemeOf = (url: string): string => url.slice(0, url.indexOf(':') + 1).toLowerCase();

const known: Readonly<Record<string, Check>> = CHECKS;
const UNKNOWN = `must be a comma list of URLs that begin with ${Object.keys(CHECKS)
  .map((scheme) => `${scheme}//`)
  .join(' or ')}, such as smtp://user:pass@host:587`;

const providerUrls = list.superRefine((urls, ctx) => {
  for (const url of urls) {
    const check = known[schemeOf(url)];
    if (check) check(url, ctx);
    else ctx.addIssue({ code: 'custom', message: UNKNOWN });
  }
  const others = urls.filter((url) => !isSmtp(url)).map(schemeOf);
  if (new Set(others).size < others.length) ctx.addIssue({ code: 'custom', message: TWICE });
});

/** Facts know them by their names alone. */
const TWICE = 'names a provider twice: there can be several of smtp:// and smtps:// only';

const isOf =
  (scheme: Scheme) =>
  (url: string): boolean =>
    schemeOf(url) === scheme;

const isSmtp = (url: string): boolean => known[schemeOf(url)] === checkRelay;

export const SECONDARIES = room({
  title: 'Secondaries of any kind',
  settings: {
    SECONDARY: {
      kind: providerUrls,
      hides: 'login',
      default: '',
      level: 'rarely',
      says: 'Comma list of secondary providers by their URLs (smtp://, smtps://, mailersend://, sendgrid://), tried in order and before those of SECONDARY_SMTP_URL.',
    },
  },
  doubts: ({ SECONDARY }) => [
    ...relayDoubts('SECONDARY', SECONDARY.filter(isSmtp)),
    ...mailersendDoubts('SECONDARY', SECONDARY.filter(isOf('mailersend:'))),
    ...sendGridDoubts('SECONDARY', SECONDARY.filter(isOf('sendgrid:'))),
  ],
});

export type SecondarySettings = SettingsOf<typeof SECONDARIES>;

/** The servers among the secondaries that speak SMTP, in their order. */
export const smtpAmong = ({
  SECONDARY,
  SECONDARY_SMTP_URL,
}: {
  SECONDARY: readonly string[];
  SECONDARY_SMTP_URL: readonly string[];
}) => [...SECONDARY.filter(isSmtp), ...SECONDARY_SMTP_URL];

/** The others, which have an API of their own. */
export const apisAmong = ({ SECONDARY }: { SECONDARY: readonly string[] }) => SECONDARY.filter((url) => !isSmtp(url));

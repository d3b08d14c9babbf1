import type { z } from 'zod';
import { parseMailersendUrl } from './url.ts';

export const checkMailersend = (url: string, ctx: z.core.$RefinementCtx<unknown>): void => {
  try {
    parseMailersendUrl(url);
  } catch (error) {
    ctx.addIssue({
      code: 'custom',
      message: `has a wrong ${error instanceof Error ? error.message : 'MailerSend URL'}`,
    });
  }
};

/** What is most likely not meant in the URLs of a setting. */
export function mailersendDoubts(name: string, urls: readonly string[]): string[] {
  const parsed = urls.map(parseMailersendUrl);
  const isElsewhere = (apiUrl: string) => /^https:/.test(apiUrl) && !/[/.]mailersend\.com$/.test(apiUrl);
  return [
    ...(parsed.some(({ apiUrl }) => isElsewhere(apiUrl)) ? [`${name} ${ELSEWHERE}`] : []),
    ...(parsed.some(({ secrets }) => secrets.length === 0) ? [`${name} ${UNTOLD}`] : []),
  ];
}

const ELSEWHERE = 'hands the token of MailerSend to a host that is not below mailersend.com';

const UNTOLD =
  'has no signing secret for the webhooks of MailerSend (signing=…): what becomes of mail that goes out there stays unknown';

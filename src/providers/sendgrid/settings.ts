import type { z } from 'zod';
import { parseSendGridUrl } from './url.ts';

export const checkSendGrid = (url: string, ctx: z.core.$RefinementCtx<unknown>): void => {
  try {
    parseSendGridUrl(url);
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: `has a wrong ${error instanceof Error ? error.message : 'SendGrid URL'}` });
  }
};

/** What is most likely not meant in the URLs of a setting. */
export function sendGridDoubts(name: string, urls: readonly string[]): string[] {
  const parsed = urls.map(parseSendGridUrl);
  return [
    ...(parsed.some(({ host }) => !/(?:^|\.)sendgrid\.com$/.test(host)) ? [`${name} ${ELSEWHERE}`] : []),
    ...(parsed.some(({ signingKeys }) => signingKeys.length === 0) ? [`${name} ${UNTOLD}`] : []),
  ];
}

const ELSEWHERE = 'hands the API key of SendGrid to a host that is not below sendgrid.com';

const UNTOLD =
  'has no verification key for the webhooks of SendGrid (signing=…): what becomes of mail that goes out there stays unknown';

import { safeJson } from '../../core/safe-text.ts';
import { call, secretsIn } from './call.ts';
import type { AlertChannel, HowToCall } from './channel.ts';

/**
 * An incoming webhook of Slack, or of anything that takes `{ text }` as JSON. What a mail server wrote must not become a
 * link with another name on it, nor call everybody in the channel.
 */
export const slackChannel = (url: string, { patience }: Pick<HowToCall, 'patience'> = {}): AlertChannel => ({
  name: 'slack',
  async send({ subject, body, link }) {
    const take = link === null ? '' : `\nTo take it, so that nobody else is told: ${plain(link)}`;
    const text = `*${plain(subject)}*\n${plain(body)}${take}`;
    const headers = { 'content-type': 'application/json' };
    await call({ url, headers, body: safeJson({ text }), secrets: secretsIn(url), patience });
    return [];
  },
});

/** Slack asks for these three escapes; Mattermost and others hear `@channel` and its like in any text. */
const plain = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/@(?=(?:all|channel|everyone|here)\b)/gi, '\uff20');

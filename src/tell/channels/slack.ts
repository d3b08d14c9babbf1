import { safeJson } from '../../core/safe-text.ts';
import { call, secretsIn } from './call.ts';
import type { AlertChannel, HowToCall } from './channel.ts';
import { turnWords } from './turn-words.ts';

/**
 * An incoming webhook of Slack, or of anything that takes `{ text }` as JSON. What a mail server wrote must not become a
 * link with another name on it, nor call everybody in the channel.
 */
export const slackChannel = (url: string, { patience }: Pick<HowToCall, 'patience'> = {}): AlertChannel => ({
  name: 'slack',
  async send(notice) {
    const lines = [`*${plain(notice.subject)}*`, turnWords(notice), plain(notice.body)];
    const text = lines.filter((line) => line !== null).join('\n');
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

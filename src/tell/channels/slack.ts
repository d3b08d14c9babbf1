import type { AlertChannel } from './channel.ts';
import { postJson } from './post-json.ts';

/**
 * An incoming webhook of Slack, or of anything that takes `{ text }` as JSON. What a mail server wrote must not become a
 * link with another name on it, nor call everybody in the channel.
 */
export const slackChannel = (url: string): AlertChannel => ({
  name: 'slack',
  async send({ subject, body }) {
    await postJson(url, { text: `*${plain(subject)}*\n${plain(body)}` });
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

import type { AlertChannel } from './channel.ts';
import { postJson } from './post-json.ts';

/** An incoming webhook of Slack, or of anything that takes `{ text }` as JSON. */
export const slackChannel = (url: string): AlertChannel => ({
  name: 'slack',
  async send({ subject, body }) {
    await postJson(url, { text: `*${subject}*\n${body}` });
    return [];
  },
});

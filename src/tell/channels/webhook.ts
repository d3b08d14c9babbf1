import type { AlertChannel } from './channel.ts';
import { postJson } from './post-json.ts';

/** Alerts as JSON, for a program of the operators. */
export const webhookChannel = (url: string): AlertChannel => ({
  name: 'webhook',
  async send({ id, incident, count, subject, body, createdAt }) {
    await postJson(url, { id, incident, count, subject, body, createdAt: new Date(createdAt).toISOString() });
    return [];
  },
});

// An application that sends one message through a wrapped client, and says when it has its answer.
import Mailgun from 'mailgun.js';
import { createHoming } from '../../src/index.ts';

const [database = '', api = '', messageId = '', folder = ''] = process.argv.slice(2);
const homing = createHoming({ database, spool: { folder }, patience: 10_000 });
const client = homing.wrapMailgun(
  new Mailgun(globalThis.FormData).client({ username: 'api', key: 'key-test', url: api, timeout: 20_000 }),
);
await client.messages.create('mg.example.com', {
  from: 'shop@mg.example.com',
  to: 'ann@example.org',
  subject: 'Hello',
  text: 'Hi',
  'h:Message-Id': `<${messageId}>`,
});
process.stdout.write('answered');
await homing.close();

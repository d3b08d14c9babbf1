import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTransport } from 'nodemailer';
import { type RudeMode, startRudeSmtp } from '../../../src/lab/servers/rude-smtp.ts';

const MAIL = {
  envelope: { from: 'app@example.com', to: ['a@example.net', 'b@example.net'] },
  raw: 'Subject: Hello\r\n\r\n.dot first\r\nbody é\r\n',
};

/** [what a client sees, how many mails the server kept]. */
const EXPECTED: Record<RudeMode, [string, number]> = {
  no_banner: ['ETIMEDOUT', 0],
  banner_421: ['421', 0],
  banner_554: ['554', 0],
  auth_535: ['535', 0],
  drop_at_mail: ['ECONNECTION', 0],
  drop_at_data: ['ECONNECTION', 0],
  drop_before_dot: ['ECONNECTION', 0],
  drop_after_dot: ['ECONNECTION', 1],
  partial_after_dot: ['ECONNECTION', 1],
  hang_after_dot: ['ETIMEDOUT', 1],
  refuse_451_after_dot: ['451', 0],
  refuse_554_after_dot: ['554', 0],
  accept_one_of_two: ['sent 1, refused 1', 1],
};

async function send(url: string): Promise<string> {
  const transport = createTransport({ url, greetingTimeout: 300, socketTimeout: 300 });
  try {
    const info = await transport.sendMail(MAIL);
    return `sent ${info.accepted.length}, refused ${info.rejected.length}`;
  } catch (error) {
    assert.ok(error instanceof Error);
    return String('responseCode' in error ? error.responseCode : 'code' in error ? error.code : error.message);
  } finally {
    transport.close();
  }
}

for (const [mode, [seen, kept]] of Object.entries(EXPECTED)) {
  test(`a server that is rude by ${mode} shows ${seen} and keeps ${kept} mails`, async (t) => {
    const server = await startRudeSmtp(mode as RudeMode);
    t.after(server.close);
    assert.equal(await send(server.url), seen);
    assert.equal(server.mails.length, kept);
    if (kept > 0) assert.equal(server.mails[0]?.raw, MAIL.raw);
  });
}

import assert from 'node:assert/strict';
import test from 'node:test';
import { classify } from '../../src/classifier/classify.ts';
import { quotedReply } from '../../src/classifier/engine/report.ts';

const postfix = (reply: string): string =>
  `This is the mail system at host relay.test.\r\n\r\nI'm sorry to have to inform you that your message could not\r\nbe delivered to one or more recipients. It's attached below.\r\n\r\nFor further assistance, please send mail to postmaster. You can\r\ndelete your own text from the attached returned message.\r\n\r\n<kim@mail.test>: host mx1.mail.test[10.4.3.2] said:\r\n ${reply} (in reply to RCPT TO command)\r\n`;
const qmail = (reply: string): string =>
  `I'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up.\n\n<kim@mail.test>:\n10.4.3.2 does not like recipient.\nRemote host said: ${reply}\nGiving up on 10.4.3.2.\n`;
const exim = (reply: string): string =>
  `A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error.\n\n  kim@mail.test\n    host mx.mail.test [10.4.3.2]\n    SMTP error from remote mail server after RCPT TO:<kim@mail.test>:\n    ${reply}\n`;
const sendmail = (reply: string): string =>
  `   ----- The following addresses had permanent fatal errors -----\n<kim@mail.test>\n    (reason: ${reply})\n\n   ----- Transcript of session follows -----\n>>> RCPT To:<kim@mail.test>\n<<< ${reply}\n550 5.1.1 <kim@mail.test>... User unknown\n`;
const exchange = (reply: string): string =>
  `Your message wasn't delivered. Despite repeated attempts the recipient's email system didn't respond.\n\nGenerating server: AB.outlook.test\n\nkim@mail.test\nRemote Server returned '${reply}'\n`;
const gmail = (reply: string): string =>
  `** Address not found **\n\nYour message wasn't delivered because the address couldn't be found, or is unable to receive mail.\n\nThe response from the remote server was:\n${reply}\n`;
const REPORTS = { postfix, qmail, exim, sendmail, exchange, gmail };

const REPLIES = [
  '550 Address unknown',
  '550 5.1.1 No such user',
  '550 User is inactive',
  '552 5.2.2 Mailbox full',
  '554 5.7.1 Service unavailable; Client host [10.1.2.3] blocked using zen.spamhaus.org',
  '550 5.7.1 Message rejected as spam',
  '550 5.7.1 <kim@mail.test>: Relay access denied',
  '554 Transaction failed',
];

test('a reply means the same inside the report of a mail system, whichever field brings it', () => {
  for (const reply of REPLIES) {
    const plain = classify({ message: reply });
    for (const [name, report] of Object.entries(REPORTS)) {
      const code = Number(reply.slice(0, 3));
      for (const input of [
        { code, message: `smtp; ${reply}`, description: report(reply) },
        { code, message: '', description: report(reply) },
        { code, message: report(reply) },
      ]) {
        const found = classify(input);
        assert.deepEqual([found.cause, found.decision], [plain.cause, plain.decision], `${name}: ${reply}`);
      }
    }
  }
});

test('a text that quotes nothing is read as a whole', () => {
  for (const text of ['550 host said: no', 'first\n\nsecond', 'one said:\n\n\n', 'Remote host said: \n\n550']) {
    assert.equal(quotedReply(text), text);
  }
});

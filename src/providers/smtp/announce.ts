import { once } from 'node:events';
import type { Socket } from 'node:net';
import SMTPConnection, { type SMTPConnectionOptions } from 'nodemailer/lib/smtp-connection';
import type { Ms } from '../../core/time.ts';
import type { RelayUrl } from './url.ts';

/** A mail that could be sent: its sender and one recipient. */
export type Envelope = { from: string; to: string };

type Way = { options: SMTPConnectionOptions; login: RelayUrl['login']; timeout: Ms };

/**
 * Announces a mail and takes it back before any content, as many servers ask for a login, or look at the sender, only then.
 * Gives the reply that refuses it, or null. Rejects when there is no connection, or no reply in time.
 */
export async function announce({ options, login, timeout }: Way, { from, to }: Envelope): Promise<string | null> {
  const connection = new SMTPConnection(options);
  try {
    const say = talkingOn(await connected(connection, login), AbortSignal.timeout(timeout));
    const replies = [await say(`MAIL FROM:<${from}>`), await say(`RCPT TO:<${to}>`)];
    await say('RSET');
    // A 4xx may be greylisting, and is no refusal.
    return replies.find((reply) => reply.startsWith('5')) ?? null;
  } finally {
    connection.close();
  }
}

function connected(connection: SMTPConnection, login: RelayUrl['login']): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error | null) => {
      const socket = connection._socket;
      if (error || !socket) reject(error ?? new Error('there is no connection'));
      else resolve(socket);
    };
    connection.once('error', reject);
    connection.connect((error) => {
      if (error || login === null) done(error);
      else connection.login({ credentials: login }, done);
    });
  });
}

/** From here on the conversation is ours: nodemailer would go on to the content of a mail. */
function talkingOn(socket: Socket, signal: AbortSignal) {
  socket.removeAllListeners('data');
  return async (command: string): Promise<string> => {
    socket.write(`${command}\r\n`);
    let heard = '';
    // All lines of a reply but the last have a hyphen behind the code.
    while (!/(?:^|\n)\d{3}(?: [^\n]*)?\r?\n$/.test(heard)) {
      const [part] = (await once(socket, 'data', { signal })) as [Buffer];
      heard += part.toString('utf8');
    }
    return heard;
  };
}

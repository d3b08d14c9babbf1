import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export type Talk = {
  socket: Socket;
  /** Writes a line and gives the reply to it; an empty text when the other side hung up instead. */
  say(line: string): Promise<string>;
  /** Resolves when the other side has hung up. */
  ended: Promise<unknown>;
};

/** A conversation by SMTP in which the test says every word. It begins with the greeting. */
export async function talkTo(t: TestContext, port: number): Promise<Talk & { greeting: string }> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  // Who is hung up on in the middle of a line sees an error first, and then the end.
  const ended = new Promise<unknown>((resolve) => socket.once('close', resolve));
  const reply = async () => {
    let heard = '';
    // All lines of a reply but the last have a hyphen behind the code.
    while (!/(?:^|\n)\d{3}(?: [^\n]*)?\r?\n$/.test(heard)) {
      const part = await Promise.race([once(socket, 'data').catch(() => ['']), ended.then(() => [''])]);
      if (String(part[0]) === '') return '';
      heard += String(part[0]);
    }
    return heard.trim();
  };
  const greeting = await reply();
  const say = (line: string) => {
    socket.write(`${line}\r\n`, 'latin1');
    return reply();
  };
  return { socket, greeting, say, ended };
}

/** One mail from nobody, as a server that returns it sends it; gives the last reply. */
export async function returnMail(t: TestContext, port: number, to: string | string[], raw: Buffer): Promise<string> {
  const { say, socket } = await talkTo(t, port);
  await say('EHLO mx.relay.example');
  await say('MAIL FROM:<>');
  for (const address of [to].flat()) {
    const answer = await say(`RCPT TO:<${address}>`);
    if (!answer.startsWith('250')) return answer;
  }
  const go = await say('DATA');
  if (!go.startsWith('354')) return go;
  const stuffed = raw.toString('latin1').replace(/^\./gm, '..');
  const answer = await say(`${stuffed.replace(/\r?\n$/, '')}\r\n.`);
  socket.end('QUIT\r\n');
  return answer;
}

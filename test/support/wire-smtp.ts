import { createServer, type Socket } from 'node:net';
import { listenOnLoopback } from '../../src/lab/sim/listen.ts';

export type WireServer = {
  port: number;
  url: string;
  /** Everything that clients wrote, byte for byte (latin1), the contents of mails included. */
  wire: () => string;
  /** The commands, without the contents. */
  commands: string[];
  /** Connections so far. */
  connections: () => number;
  close: () => Promise<void>;
};

/**
 * What the server says to a command (`banner` at the begin, `.` after the content); null says nothing, undefined is
 * what a plain server would say.
 */
export type Script = (command: string, socket: Socket) => string | null | undefined;

/** A bare SMTP server whose replies are written by the test, and which keeps all that it was sent. */
export async function startWireSmtp(script: Script = () => undefined, extensions: string[] = []): Promise<WireServer> {
  const parts: string[] = [];
  const commands: string[] = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    let rest = '';
    let isContent = false;
    const answer = (command: string) => {
      const reply = script(command, socket);
      const said = reply === undefined ? plainReply(command, extensions) : reply;
      if (command === 'DATA') isContent = said?.startsWith('354') ?? false;
      if (said !== null && socket.writable) socket.write(said, 'latin1');
    };
    socket.setEncoding('latin1').on('data', (part: string) => {
      parts.push(part);
      rest += part;
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (isContent && line !== '.') continue;
        isContent = false;
        commands.push(line);
        answer(line);
      }
    });
    answer('banner');
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const url = `smtp://127.0.0.1:${port}`;
  return { port, url, wire: () => parts.join(''), commands, connections: () => connections, close };
}

function plainReply(command: string, extensions: string[]): string {
  if (command === 'banner') return '220 wire.test ESMTP\r\n';
  if (command.startsWith('EHLO'))
    return ['250-wire.test', ...extensions.map((name) => `250-${name}`), '250 OK', ''].join('\r\n');
  if (command === 'DATA') return '354 go\r\n';
  if (command === 'QUIT') return '221 bye\r\n';
  return '250 ok\r\n';
}

import { Socket } from 'node:net';
import { isLoopback } from '../../base/loopback.ts';

type Where = { host?: string | null; port?: number; path?: string | null };

/**
 * From here on this process connects to itself, to this machine and to these hosts, and to nothing else: every other
 * connection fails before a byte of it has left. The function that it gives takes that back.
 */
export function stayHere(others: readonly string[]): () => void {
  const allowed = new Set(others);
  const connect = Socket.prototype.connect;
  const guarded = function (this: Socket, ...given: unknown[]): Socket {
    const host = hostIn(given);
    if (host === null || isLoopback(host) || allowed.has(host)) return Reflect.apply(connect, this, given) as Socket;
    const refused = Object.assign(new Error('a drill connects to nothing outside'), { code: 'ECONNREFUSED' });
    // Whoever asked listens for errors a moment after that.
    process.nextTick(() => this.destroy(refused));
    return this;
  };
  Socket.prototype.connect = guarded as typeof connect;
  return () => {
    Socket.prototype.connect = connect;
  };
}

/** The forms that Node knows: options, a port with or without a host, a path; and both together, as it hands them on itself. */
function hostIn([first, second]: unknown[]): string | null {
  const where = Array.isArray(first) ? (first[0] as unknown) : first;
  if (typeof where === 'object' && where !== null) {
    const { host, path } = where as Where;
    return path == null ? (host ?? 'localhost') : null;
  }
  if (typeof where === 'string' && Number.isNaN(Number(where))) return null;
  return typeof second === 'string' ? second : 'localhost';
}

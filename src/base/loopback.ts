import { isIP } from 'node:net';

/** Whether what goes to this host never leaves the machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

import { isIP } from 'node:net';

/** Whether what goes to this host never leaves the machine. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));

/** The host of a URL on this machine for what listens at an address: what listens everywhere listens here too. */
export function hereOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

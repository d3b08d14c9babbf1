// A daemon as a process of its own, with the settings as shipped but for those that say where it is.
import { readFileSync } from 'node:fs';
import { startProcess } from '../../src/lab/campaign/daemon.ts';

export const DOMAIN = 'mg.example.com';
export const TOKEN = 'token-of-the-bench';
export const ENCRYPTION_KEY = 'ab'.repeat(32);

// Its daemons end with it.
process.on('SIGTERM', () => process.exit(1));
process.on('SIGINT', () => process.exit(1));

export type Running = { url: string; pid: number };

/** Starts one, and kills it at the end. */
export async function withDaemon<T>(env: Record<string, string>, use: (daemon: Running) => Promise<T>): Promise<T> {
  const usual = { HOST: '127.0.0.1', PORT: '0', LOG_LEVEL: 'info', API_TOKENS: TOKEN, ENCRYPTION_KEY };
  const daemon = startProcess(['start'], { ...usual, ...env });
  try {
    return await use({ url: `http://127.0.0.1:${await daemon.up}`, pid: daemon.pid });
  } finally {
    await daemon.kill();
  }
}

/** Resident memory of a process, in MB. Linux only. */
export const megabytesOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

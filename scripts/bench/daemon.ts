// A daemon as a process of its own, with the settings as shipped but for those that say where it is.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../src/base/wait.ts';
import { startProcess } from '../../src/lab/campaign/daemon.ts';
import { freePort } from '../../src/lab/servers/mariadb.ts';

export const DOMAIN = 'mg.example.com';
export const TOKEN = 'token-of-the-bench';
export const ENCRYPTION_KEY = 'ab'.repeat(32);

// Its daemons end with it.
process.on('SIGTERM', () => process.exit(1));
process.on('SIGINT', () => process.exit(1));

/** As `npm start`, the unit of systemd and the image have it. */
const SHIPPED = { MALLOC_MMAP_THRESHOLD_: '131072' };

export type Running = { url: string; pid: number };

/** Starts one, and kills it at the end. What it logs goes to a file, as to read it would take CPU and memory of ours. */
export async function withDaemon<T>(env: Record<string, string>, use: (daemon: Running) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'homing-bench-daemon-'));
  const file = join(folder, 'log');
  const log = openSync(file, 'a');
  const port = await freePort();
  const usual = {
    HOST: '127.0.0.1',
    PORT: String(port),
    LOG_LEVEL: 'info',
    API_TOKENS: TOKEN,
    ENCRYPTION_KEY,
    ...SHIPPED,
  };
  const daemon = startProcess(['start'], { ...usual, ...env }, log);
  try {
    const url = `http://127.0.0.1:${port}`;
    for (let isReady = false; !isReady; await sleep(50)) {
      if (!daemon.isRunning()) throw new Error(`the daemon has ended:\n${readFileSync(file, 'utf8').slice(-2000)}`);
      isReady = await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      );
    }
    return await use({ url, pid: daemon.pid });
  } finally {
    await daemon.kill();
    closeSync(log);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Resident memory of a process, in MB. Linux only. */
export const megabytesOf = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

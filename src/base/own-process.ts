import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a process said, and how it ended: its code, or the signal that ended it. */
export type Said = { out: string; err: string; end: number | string };

type Calling = {
  /** When not given, that of this process. */
  env?: Readonly<Record<string, string | undefined>>;
  /** When it is aborted, the process gets this signal. */
  signal: AbortSignal;
  by: 'SIGTERM' | 'SIGKILL';
  /** So many characters of each stream are kept, the last ones. */
  most: number;
};

/** Calls this program with other arguments in a process of its own. Rejects when it can not be started. */
export function callOurselves(args: readonly string[], { env, signal, by, most }: Calling): Promise<Said> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...commandLine(), ...args], {
      ...(env && { env: env as NodeJS.ProcessEnv }),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const texts = { out: '', err: '' };
    const keep = (name: 'out' | 'err') => (part: string) => {
      texts[name] = (texts[name] + part).slice(-most);
    };
    child.stdout.setEncoding('utf8').on('data', keep('out'));
    child.stderr.setEncoding('utf8').on('data', keep('err'));
    const stop = () => void child.kill(by);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    child.on('error', reject);
    child.on('close', (code, killed) => {
      signal.removeEventListener('abort', stop);
      resolve({ ...texts, end: code ?? killed ?? 'nothing' });
    });
  });
}

/** How this program is called; the sources run as they are with their loader. */
function commandLine(): string[] {
  const isBuilt = import.meta.url.endsWith('.js');
  const entry = fileURLToPath(new URL(`../cli.${isBuilt ? 'js' : 'ts'}`, import.meta.url));
  return isBuilt ? [entry] : ['--disable-warning=ExperimentalWarning', '--import', import.meta.resolve('tsx'), entry];
}

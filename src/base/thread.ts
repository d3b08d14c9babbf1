import { Worker } from 'node:worker_threads';

/**
 * Starts a module that lies beside another one in a thread of its own. `data` is what it gets as `workerData`. Where the
 * sources run as they are, their loader has to be started in the thread as well.
 */
export function startThread(beside: string, name: string, data: unknown): Worker {
  const module = beside.replace(/[^/]+(\.[jt]s)$/, `${name}$1`);
  if (module.endsWith('.js')) return new Worker(new URL(module), { workerData: data });
  const [loader, entry] = [import.meta.resolve('tsx/esm/api'), module].map((url) => JSON.stringify(url));
  const begin = `import(${loader}).then(({ register }) => { register(); return import(${entry}); })`;
  return new Worker(begin, { eval: true, execArgv: ['--disable-warning=ExperimentalWarning'], workerData: data });
}

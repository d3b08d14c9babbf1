// Runs the command line in a checkout: what was built of it, which starts faster and takes less memory, or the sources
// when they have changed since.
import { isBuilt } from './built.mjs';

// Between npm and this process is a shell that ends at a SIGTERM and passes it on to nobody.
const parent = process.ppid;
if (process.env.npm_lifecycle_event !== undefined) {
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 250).unref();
}

const built = isBuilt();
if (!built) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import(built ? '../dist/src/cli.js' : '../src/cli.ts');

// Runs the command line in a checkout: what was built of it, which starts faster and takes less memory, or the sources
// when they have changed since.
import { isBuilt } from './built.mjs';

const built = isBuilt();
if (!built) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import(built ? '../dist/src/cli.js' : '../src/cli.ts');

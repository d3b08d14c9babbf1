// Plays one attack for some seconds, in a process of its own: attack.ts <port> <token> <domain> <seconds> <name>
import { setMaxListeners } from 'node:events';
import { ALL, ATTACKS } from './attacks.ts';

const [port, token = '', domain = '', seconds, name = ''] = process.argv.slice(2);
const stop = AbortSignal.timeout(Number(seconds) * 1000);
setMaxListeners(0, stop);
await Promise.race([
  (ATTACKS[name] ?? ALL)({ port: Number(port), token, domain, stop }),
  new Promise((resolve) => stop.addEventListener('abort', resolve)),
]);
process.exit(0);

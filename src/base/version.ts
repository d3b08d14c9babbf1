import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The version of this program. */
export const version = (): string => (require('homing/package.json') as { version: string }).version;

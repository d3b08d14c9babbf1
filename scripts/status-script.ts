import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync, transformSync } from 'esbuild';

const at = (name: string): string => fileURLToPath(new URL(`../browser/${name}`, import.meta.url));

/** What the daemon serves for pages of others, as the file of the sources that holds it. */
export function statusScript(): string {
  const css = transformSync(readFileSync(at('homing-status.css'), 'utf8'), { loader: 'css', minify: true });
  const { outputFiles } = buildSync({
    entryPoints: [at('homing-status.ts')],
    define: { STYLE: JSON.stringify(css.code.trim().replace(/([:,]) /g, '$1')) },
    tsconfigRaw: {},
    ...{ bundle: true, minify: true, format: 'iife', target: 'es2022', charset: 'utf8', write: false },
  });
  const script = outputFiles[0]?.text ?? '';
  const german: unknown = JSON.parse(readFileSync(at('homing-status.de.json'), 'utf8'));
  return `// Written by \`npm run docs\` from what is in browser/.
export const STATUS_SCRIPT = ${JSON.stringify(script)};
export const GERMAN_TEXTS = ${JSON.stringify(JSON.stringify(german))};
`;
}

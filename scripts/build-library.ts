// Makes the entries of the package from src/index.ts: one file each for `import` and `require`, and their types. The
// database's side is not in them: it is loaded from the other files of the build when it is used.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

/** `import()` works from CommonJS too, on every Node 20, so the database's side exists once, as ES modules. */
const databaseSide: Plugin = {
  name: 'database-side',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/database\.ts$/ }, () => ({ path: './src/library/database.js', external: true }));
  },
};

for (const [format, file] of [
  ['esm', 'index.js'],
  ['cjs', 'index.cjs'],
] as const)
  await build({
    entryPoints: [join(root, 'src', 'index.ts')],
    outfile: join(dist, file),
    format,
    bundle: true,
    platform: 'node',
    target: 'node20',
    plugins: [databaseSide],
    legalComments: 'inline',
  });

// The types have no imports, so that the same text is right for both.
const types = await readFile(join(dist, 'src', 'client', 'types.d.ts'), 'utf8');
const declaration = `${types.replace(/\n\/\/# sourceMappingURL.*/, '')}
/** Starts nothing and opens nothing until it is used. */
export declare function createHoming(options: HomingOptions): Homing;
`;
for (const file of ['index.d.ts', 'index.d.cts']) await writeFile(join(dist, file), declaration);

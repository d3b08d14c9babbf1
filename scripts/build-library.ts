// Makes the two packages that applications load, homing (dist/) and homing-client (packages/client/dist/): one file each for
// `import` and for `require`, with everything in it, and their types. Both are made of the same source, so that each
// can be installed alone; what has to be one in a process is so by symbols that all of these files share.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** The entry of a package, what its types are made of, in the order in which they are to be read, and where it goes. */
const PACKAGES = [
  {
    entry: 'src/client/index.ts',
    types: ['src/client/types.ts', 'dist/src/client/homing-error.d.ts', 'dist/src/client/create.d.ts'],
    to: join(root, 'packages', 'client', 'dist'),
  },
  {
    entry: 'src/index.ts',
    types: [
      'src/client/types.ts',
      'src/library/types.ts',
      'dist/src/client/homing-error.d.ts',
      'dist/src/library/create.d.ts',
    ],
    to: join(root, 'dist'),
  },
];

/**
 * The database's side stays outside, and is loaded from the other files of the build when it is used. `import()` works from
 * CommonJS too, so it exists once, as ES modules.
 */
const databaseSide: Plugin = {
  name: 'database-side',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/database\.ts$/ }, () => ({ path: './src/library/database.js', external: true }));
  },
};

for (const { entry, types, to } of PACKAGES) {
  for (const [format, file] of [
    ['esm', 'index.js'],
    ['cjs', 'index.cjs'],
  ] as const)
    await build({
      entryPoints: [join(root, entry)],
      outfile: join(to, file),
      format,
      bundle: true,
      platform: 'node',
      target: 'node20',
      plugins: [databaseSide],
      legalComments: 'inline',
    });
  const declarations = (await Promise.all(types.map(declarationsIn))).join('\n');
  for (const file of ['index.d.ts', 'index.d.cts']) await writeFile(join(to, file), declarations);
}

/** Without imports, as all that they lead to stands in the same text; so that is right for ESM and for CommonJS. */
async function declarationsIn(file: string): Promise<string> {
  const text = await readFile(join(root, file), 'utf8');
  return text.replace(/^import type [^;]*;\n/gm, '').replace(/\n\/\/# sourceMappingURL.*/, '');
}

import { type OpenProvider, SCHEMES } from '../../../src/providers/registry/registry.ts';
import type { Options } from '../homing.ts';
import { openToy } from './provider.ts';
import type { Toy } from './server.ts';

/** Makes the toy the first of the secondaries. */
export const throughToy = (toy: Toy, open: OpenProvider = openToy): Pick<Options, 'schemes' | 'adjust'> => ({
  schemes: { ...SCHEMES, 'toy:': open },
  adjust: (config) => ({ ...config, SECONDARY: [toy.url.replace('http:', 'toy:')] }),
});

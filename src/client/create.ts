import { homingAt } from './homing.ts';
import { commonProblems, given, refuse, remoteProblems } from './options.ts';
import { daemonAt } from './remote.ts';
import type { Homing, RemoteOptions } from './types.ts';

export type HomingOptions = RemoteOptions;

/** Starts nothing and opens nothing until it is used. Throws a `HomingError` that names all that is wrong with the options. */
export function createHoming(options: HomingOptions): Homing {
  const known = given(options, '{ url, token }');
  const isElsewhere = 'database' in known && Boolean(known.database);
  refuse([
    ...(isElsewhere ? ['homing-client knows no option database: use the package homing, or url and token'] : []),
    ...(isElsewhere ? [] : remoteProblems(known)),
    ...commonProblems(known),
  ]);
  return homingAt(daemonAt(known), known);
}

import { type HomeOf, homesAmong, type Preference } from '../../core/preference.ts';
import { type ClocksOf, candidateOf, connectProviders, type ProvidersConfig } from './registry.ts';

/** Whom each mail goes to first when all is well, by the settings. Nobody is asked for it. */
export function homesBy(config: ProvidersConfig, preference: Preference, now: ClocksOf['now']): HomeOf {
  const providers = connectProviders(config, { now, monotonic: now });
  const candidates = providers.all.map(candidateOf);
  void providers.close();
  return homesAmong(candidates, preference);
}

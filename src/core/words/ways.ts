import type { FactOf } from '../delivery.ts';
import { capital } from './capital.ts';

/** How an attempt went out. */
export function wayWords({ provider, role, way }: FactOf<'claimed'>): string {
  const name = providerWords({ provider, role });
  if (role === 'fallback') return `sent through ${name}`;
  if (way === 'application') return `sent by the application through ${name}`;
  if (way === 'stored') return `re-posted from ${name}'s stored copy`;
  return role === 'first' ? `sent through ${name}` : `sent again through ${name} from our own copy`;
}

/** Whom mail goes to when another failed is secondary. A server that is known by its address is called by it. */
export function providerWords({ provider, role }: Pick<FactOf<'claimed'>, 'provider' | 'role'>): string {
  if (role !== 'fallback') return /^[a-z]+$/.test(provider) ? capital(provider) : `the server ${provider}`;
  // Facts of version 0.1.0 do not say which one it was when none answered.
  return provider === 'secondary' ? 'the secondary provider' : `the secondary provider ${provider}`;
}

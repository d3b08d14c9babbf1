import type { FactOf } from '../delivery.ts';

/** How an attempt went out. */
export function wayWords({ provider, role, way }: FactOf<'claimed'>): string {
  const name = providerWords(provider);
  if (role === 'fallback') return `sent through ${name}`;
  if (way === 'application') return `sent by the application through ${name}`;
  if (way === 'stored') return `re-posted from ${name}'s stored copy`;
  return role === 'first' ? `sent through ${name}` : `sent again through ${name} from our own copy`;
}

/** Facts of version 0.1.0 do not say which secondary it was when none answered. */
export function providerWords(provider: string): string {
  if (provider === 'mailgun') return 'Mailgun';
  return provider === 'secondary' ? 'the secondary provider' : `the secondary provider ${provider}`;
}

import type { Bounce } from './sighting.ts';

/** What a server said, with its codes once: many repeat them in the text. Empty when it said nothing. */
export function replyWords(bounce: Bounce | null): string {
  if (!bounce) return '';
  const text = bounce.message || bounce.description || '';
  const codes = [bounce.code, bounce.enhancedCode].map((code) => (code === null ? '' : String(code)));
  const head = text.slice(0, 40);
  return [...codes.filter((code) => code !== '' && !head.includes(code)), text].join(' ').trim();
}

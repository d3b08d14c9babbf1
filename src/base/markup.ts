import { safeLines } from '../core/safe-text.ts';

/** Markup that is safe to put into a page as it is. */
export type Markup = { readonly markup: string };

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

type Part = string | number | Markup | readonly Markup[];

const asText = (part: Part): string => {
  if (typeof part === 'string' || typeof part === 'number')
    return safeLines(String(part), Number.POSITIVE_INFINITY).replace(/[&<>"']/g, (c) => ENTITIES[c] ?? '');
  return 'markup' in part ? part.markup : part.map((m) => m.markup).join('');
};

/** A template whose values are made safe and escaped, unless they are markup themselves. */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Markup => ({
  markup: strings.map((s, i) => s + (i < parts.length ? asText(parts[i] ?? '') : '')).join(''),
});

export const trusted = (markup: string): Markup => ({ markup });

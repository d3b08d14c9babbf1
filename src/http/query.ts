// Parameters of a search.
import { z } from 'zod';

/** A parameter that is given twice arrives as a list, which is refused. */
export const once = z.string({ error: 'must be given once' });

/** How many rows a page may have. */
export const limitUpTo = (most: number, usual: number) =>
  once
    .refine((text) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= most, {
      message: `must be a whole number from 1 to ${most}`,
    })
    .transform(Number)
    .default(usual);

export const pageLimit = limitUpTo(200, 50);

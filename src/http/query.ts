// Parameters of a search.
import { z } from 'zod';

const PAGE = { usual: 50, most: 200 };

/** A parameter that is given twice arrives as a list, which is refused. */
export const once = z.string({ error: 'must be given once' });

/** How many rows a page may have. */
export const pageLimit = once
  .refine((text) => /^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= PAGE.most, {
    message: `must be a whole number from 1 to ${PAGE.most}`,
  })
  .transform(Number)
  .default(PAGE.usual);

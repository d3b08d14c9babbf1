export const SEARCH = {
  problems: {
    qualifier: (name: string, meant: string | null) =>
      `There is no qualifier ${name}:${meantWords(meant && `${meant}:`)} To search for it as a word, put it in quotes.`,
    value: (name: string, value: string, meant: string | null, all: readonly string[] | null) =>
      `${name}:${value} is none of those there are.${meantWords(meant && `${name}:${meant}`)}${all === null ? '' : ` There are ${all.join(', ')}.`}`,
    address: (value: string) => `to: needs a whole address, and ${value} is none. Part of one can not be searched.`,
    moment: (name: string, value: string) =>
      `${name}: needs a day such as 2026-11-25, or a moment such as 2026-11-25T14:30, and not ${value}.`,
    empty: (name: string) => `${name}: needs a value behind the colon, without a blank between.`,
    twice: (name: string) => `${name}: is given twice, and no mail can be both.`,
    quote: (text: string) => `A quote has no end: ${text}`,
    noWord: (text: string) => `There is no word in ${text} that could be searched for.`,
    words: (most: number) => `More than ${most} words and tags can not be searched for at once.`,
    long: (most: number) => `A search has ${most} characters at most.`,
  },
} as const;

const meantWords = (meant: string | null): string => (meant ? ` Did you mean ${meant}?` : '');

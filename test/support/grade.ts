/** The reading level of a text as a grade of US schools (Flesch and Kincaid), with syllables counted as groups of vowels. */
export function gradeOf(text: string): number {
  const words = text.match(/[A-Za-z0-9']+/g) ?? [];
  const sentences = text.match(/[.!?:](?:\s|$)/g) ?? [];
  const syllables = words.reduce((sum, word) => sum + syllablesOf(word.toLowerCase()), 0);
  return 0.39 * (words.length / Math.max(1, sentences.length)) + 11.8 * (syllables / words.length) - 15.59;
}

const syllablesOf = (word: string): number => Math.max(1, word.replace(/e$/, '').match(/[aeiouy]+/g)?.length ?? 0);

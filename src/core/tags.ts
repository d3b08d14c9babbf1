/** Of its tags, what is kept of a message. */
const MOST = 20;
const LONGEST = 191;

/** Tags as they are stored; null for none. */
export function tagsToKeep(tags: readonly string[] | undefined): string | null {
  const kept = [...new Set((tags ?? []).map((tag) => tag.trim()))].filter((tag) => tag !== '' && tag.length <= LONGEST);
  return kept.length === 0 ? null : JSON.stringify(kept.slice(0, MOST));
}

export const tagsKept = (stored: string | null | undefined): string[] =>
  stored ? (JSON.parse(stored) as string[]) : [];

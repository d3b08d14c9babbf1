/** With a capital letter at its beginning. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** With a capital letter and a full stop. */
export const asSentence = (text: string): string => `${capital(text)}.`;

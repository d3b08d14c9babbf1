/** The value of a variable as its text. Some clients write every value as JSON, so that a text comes in quotes. */
export function unquoted(value: string): string {
  if (!value.startsWith('"')) return value;
  try {
    const text: unknown = JSON.parse(value);
    return typeof text === 'string' ? text : value;
  } catch {
    return value; // A text that begins with a quote of its own.
  }
}

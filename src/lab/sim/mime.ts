/** A mail as header fields and a body; good enough for mails that libraries wrote. */
export type Mime = { headers: [name: string, value: string][]; body: Buffer };

export const splitMime = (raw: Buffer): Mime => {
  const end = raw.indexOf('\r\n\r\n');
  const bare = raw.indexOf('\n\n');
  const crlf = end >= 0 && (bare < 0 || end < bare);
  const at = crlf ? end : bare;
  const head = (at < 0 ? raw : raw.subarray(0, at)).toString('utf8');
  const body = at < 0 ? Buffer.alloc(0) : raw.subarray(at + (crlf ? 4 : 2));
  const headers: [string, string][] = [];
  for (const line of head.split(/\r?\n/)) {
    const last = headers.at(-1);
    if (/^[ \t]/.test(line) && last !== undefined) last[1] += `\r\n${line}`;
    else if (line.includes(':'))
      headers.push([line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
  }
  return { headers, body };
};

export const joinMime = ({ headers, body }: Mime): Buffer =>
  Buffer.concat([Buffer.from(`${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`), body]);

/** Unfolded; null when there is none. */
export const headerOf = (mime: Mime, name: string): string | null => {
  const found = mime.headers.find(([other]) => other.toLowerCase() === name.toLowerCase());
  return found === undefined ? null : found[1].replace(/\r\n(?=[ \t])/g, '');
};

/** Puts a header in place of all of that name; null removes them. */
export const setHeader = (mime: Mime, name: string, value: string | null): Mime => {
  const others = mime.headers.filter(([other]) => other.toLowerCase() !== name.toLowerCase());
  return { ...mime, headers: value === null ? others : [...others, [name, value]] };
};

/** JSON without a character that a header would have to encode. */
export const headerJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The variables that a mail carries to its recipient; none when the header is missing or no JSON object. */
export const carriedVariables = (mime: Mime): Record<string, unknown> => {
  const text = headerOf(mime, 'X-Mailgun-Variables');
  if (text === null || !/^\{.*\}$/.test(text)) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
};

/** A mail as header fields and a body; good enough for mails that libraries wrote. */
export type Mime = { headers: [name: string, value: string][]; body: Buffer };

export function splitMime(raw: Buffer): Mime {
  const blank = [raw.indexOf('\r\n\r\n'), raw.indexOf('\n\n')].filter((at) => at >= 0);
  const end = blank.length === 0 ? raw.length : Math.min(...blank);
  const bodyAt = end + (raw[end] === CR ? 4 : 2);
  return { headers: headersIn(raw.toString('utf8', 0, end)), body: raw.subarray(bodyAt) };
}

const CR = 0x0d;

/** Folded lines stay folded. */
function headersIn(head: string): Mime['headers'] {
  const headers: Mime['headers'] = [];
  for (const line of head.split(/\r?\n/)) {
    const last = headers.at(-1);
    const colon = line.indexOf(':');
    if (/^[ \t]/.test(line) && last !== undefined) last[1] += `\r\n${line}`;
    else if (colon >= 0) headers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return headers;
}

export function joinMime({ headers, body }: Mime): Buffer {
  const head = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${head}\r\n`), body]);
}

/** Unfolded; null when there is none. */
export function headerOf(mime: Mime, name: string): string | null {
  const found = mime.headers.find(isNamed(name));
  return found === undefined ? null : found[1].replace(/\r\n(?=[ \t])/g, '');
}

/** Puts a header in place of all of that name; null removes them. */
export function withHeader(mime: Mime, name: string, value: string | null): Mime {
  const isOne = isNamed(name);
  const others = mime.headers.filter((header) => !isOne(header));
  return { ...mime, headers: value === null ? others : [...others, [name, value]] };
}

function isNamed(name: string): (header: [name: string, value: string]) => boolean {
  return ([other]) => other.toLowerCase() === name.toLowerCase();
}

/** JSON without a character that a header would have to encode. */
export function headerJson(value: unknown): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return JSON.stringify(value).replace(/[^\x20-\x7e]/g, escaped);
}

/** The variables that a mail carries to its recipient; none when the header is missing or no JSON object. */
export function carriedVariables(mime: Mime): Record<string, unknown> {
  const text = headerOf(mime, 'X-Mailgun-Variables');
  if (text === null || !/^\{.*\}$/.test(text)) return {};
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

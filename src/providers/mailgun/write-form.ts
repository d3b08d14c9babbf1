import { randomUUID } from 'node:crypto';
import type { FormEntry, FormFile } from '../../mail/form.ts';

export type WrittenForm = { headers: { 'content-type': string }; body: readonly Buffer[] };

/**
 * A form as bytes, in pieces. `FormData` would change what it is given: it writes each line end as CR LF, also in a variable, and
 * gives a type to each file that has none.
 */
export function writeForm(entries: readonly FormEntry[]): WrittenForm {
  const boundary = `homing-${randomUUID()}`;
  const pieces = entries.flatMap(([name, value]) => [
    Buffer.from(`--${boundary}\r\n${headOf(name, value)}\r\n`),
    typeof value === 'string' ? Buffer.from(value) : value.content,
    Buffer.from('\r\n'),
  ]);
  return {
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: [...pieces, Buffer.from(`--${boundary}--\r\n`)],
  };
}

function headOf(name: string, value: string | FormFile): string {
  const field = `Content-Disposition: form-data; name="${escaped(name)}"`;
  if (typeof value === 'string') return `${field}\r\n`;
  const { filename, type } = value;
  const lines = [
    `${field}; filename="${escaped(filename)}"`,
    ...(type === '' ? [] : [`Content-Type: ${oneLine(type)}`]),
  ];
  return `${lines.join('\r\n')}\r\n`;
}

/** As browsers do it: nothing may end the name, or the header that it stands in (HTML, "multipart form data"). */
const escaped = (name: string): string =>
  name.replace(/[\r\n"]/g, (sign) => (sign === '"' ? '%22' : sign === '\r' ? '%0D' : '%0A'));

const oneLine = (type: string): string => type.replace(/[\r\n]/g, '');

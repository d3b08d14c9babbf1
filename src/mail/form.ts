/** A message as Mailgun's API takes it: fields in their order, a name as often as it has values. */
export type FormEntry = readonly [name: string, value: string | FormFile];
export type FormFile = { filename: string; type: string; content: Buffer };

export const fileIn = (form: readonly FormEntry[], name: string): FormFile | null => filesIn(form, name)[0] ?? null;

export const filesIn = (form: readonly FormEntry[], name: string): FormFile[] =>
  form.flatMap(([other, value]) => (other === name && typeof value !== 'string' ? [value] : []));

export const textsIn = (form: readonly FormEntry[], name: string): string[] =>
  form.flatMap(([other, value]) => (other === name && typeof value === 'string' ? [value] : []));

export const textIn = (form: readonly FormEntry[], name: string): string | null => textsIn(form, name)[0] ?? null;

const MAGIC = Buffer.from('homing-form 1\n');
/** With long texts: they stand among the files, as JSON would take much time and memory for them. */
const MAGIC_LONG = Buffer.from('homing-form 2\n');
const LONG = 64 * 1024;

type Head = { name: string; text?: string; long?: number; file?: { filename: string; type: string; size: number } }[];

/** A form as bytes, in pieces: a line that says what it is, a line of JSON, and the files as they are. */
export function packForm(form: readonly FormEntry[]): Buffer[] {
  const pieces: Buffer[] = [];
  const head: Head = form.map(([name, value]) => {
    if (typeof value === 'string' && value.length < LONG) return { name, text: value };
    const piece = typeof value === 'string' ? Buffer.from(value) : value.content;
    pieces.push(piece);
    if (typeof value === 'string') return { name, long: piece.length };
    return { name, file: { filename: value.filename, type: value.type, size: piece.length } };
  });
  const magic = head.some(({ long }) => long !== undefined) ? MAGIC_LONG : MAGIC;
  return [Buffer.concat([magic, Buffer.from(`${JSON.stringify(head)}\n`)]), ...pieces];
}

/** The form again; null when the bytes hold no form but a ready MIME message. */
export function unpackForm(bytes: Buffer): FormEntry[] | null {
  const magic = bytes.subarray(0, MAGIC.length);
  if (!magic.equals(MAGIC) && !magic.equals(MAGIC_LONG)) return null;
  const end = bytes.indexOf(0x0a, MAGIC.length);
  const head = JSON.parse(bytes.toString('utf8', MAGIC.length, end)) as Head;
  let at = end + 1;
  return head.map(({ name, text, long, file }): FormEntry => {
    const content = bytes.subarray(at, at + (file?.size ?? long ?? 0));
    at += content.length;
    if (file) return [name, { filename: file.filename, type: file.type, content }];
    return [name, text ?? content.toString('utf8')];
  });
}

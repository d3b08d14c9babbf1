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

type Head = { name: string; text?: string; file?: { filename: string; type: string; size: number } }[];

/** A form as one piece of bytes: a line that says what it is, a line of JSON, and the files as they are. */
export function packForm(form: readonly FormEntry[]): Buffer {
  const head: Head = form.map(([name, value]) =>
    typeof value === 'string'
      ? { name, text: value }
      : { name, file: { filename: value.filename, type: value.type, size: value.content.length } },
  );
  const files = form.flatMap(([, value]) => (typeof value === 'string' ? [] : [value.content]));
  return Buffer.concat([MAGIC, Buffer.from(`${JSON.stringify(head)}\n`), ...files]);
}

/** The form again; null when the bytes hold no form but a ready MIME message. */
export function unpackForm(bytes: Buffer): FormEntry[] | null {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null;
  const end = bytes.indexOf(0x0a, MAGIC.length);
  const head = JSON.parse(bytes.toString('utf8', MAGIC.length, end)) as Head;
  let at = end + 1;
  return head.map(({ name, text, file }): FormEntry => {
    if (!file) return [name, text ?? ''];
    const content = bytes.subarray(at, at + file.size);
    at += file.size;
    return [name, { filename: file.filename, type: file.type, content }];
  });
}

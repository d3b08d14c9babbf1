import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import { test } from 'node:test';
import fc from 'fast-check';
import type { FormEntry } from '../../src/mail/form.ts';
import { wholeTextOf } from '../../src/mail/mime-text.ts';
import { formTypeOf, readForm } from '../../src/mail/read-form.ts';

const LIMITS = { parts: 100, partSize: 1_000_000 };
const MULTIPART = { kind: 'multipart', boundary: 'BBB' } as const;
const PAIRS = { kind: 'urlencoded', charset: null } as const;

const part = (disposition: string, value = 'x', ...headers: string[]) =>
  [`--BBB`, `Content-Disposition: form-data; ${disposition}`, ...headers, '', `${value}\r\n`].join('\r\n');
const END = '--BBB--\r\n';

/** Fields as `name=value`, files as `name<filename;type>value`. */
const told = (form: FormEntry[] | string): string[] | string =>
  typeof form === 'string'
    ? form
    : form.map(([name, value]) =>
        typeof value === 'string'
          ? `${name}=${value}`
          : `${name}<${value.filename};${value.type}>${value.content.toString('latin1')}`,
      );
const read = (body: string | Buffer, limits = LIMITS) => told(readForm(Buffer.from(body as string), MULTIPART, limits));

test('the type of a form is told by its Content-Type, with its boundary in all ways to write it', () => {
  assert.deepEqual(formTypeOf(' Application/X-WWW-Form-Urlencoded'), PAIRS);
  const latin1 = formTypeOf('application/x-www-form-urlencoded; Charset="ISO-8859-1"');
  assert.deepEqual(latin1, { ...PAIRS, charset: 'ISO-8859-1' });
  for (const type of [
    'multipart/form-data; boundary=BBB',
    'Multipart/Form-Data;charset=utf-8;Boundary="BBB"',
    'multipart/form-data; boundary=BBB; charset=utf-8',
  ])
    assert.deepEqual(formTypeOf(type), MULTIPART, type);
  assert.deepEqual(formTypeOf('multipart/form-data; boundary="a b;c"'), { kind: 'multipart', boundary: 'a b;c' });
  for (const none of ['', 'text/plain', 'multipart/form-data', 'multipart/mixed; boundary=BBB'])
    assert.equal(formTypeOf(none), null, none);
  for (const boundary of ['', '""', '"', 'x'.repeat(71), `"${'x'.repeat(71)}"`])
    assert.equal(formTypeOf(`multipart/form-data; boundary=${boundary}`), null, boundary);
});

const SHAPES: [string, string, string[]][] = [
  ['a field', part('name="to"', 'a\r\nb') + END, ['to=a\r\nb']],
  ['names without quotes, as .NET writes them', part('name=to') + END, ['to=x']],
  [
    'the type of a field before its name, as .NET writes it',
    `--BBB\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Disposition: form-data; name=to\r\n\r\nx\r\n${END}`,
    ['to=x'],
  ],
  ['a field without content', part('name="to"', '') + END, ['to=']],
  ['a field that calls itself bytes', part('name="to"', 'x', 'Content-Type: application/octet-stream') + END, ['to=x']],
  [
    'a file with all that is said of its type',
    part('name="attachment"; filename="a.ics"', 'x', 'Content-Type: text/calendar; method=REQUEST; charset=UTF-8') +
      END,
    ['attachment<a.ics;text/calendar; method=REQUEST; charset=UTF-8>x'],
  ],
  ['a file with an empty name', part('name="attachment"; filename=""') + END, ['attachment<;>x']],
  ['a file without a type', part('name="inline"; filename=a.png') + END, ['inline<a.png;>x']],
  [
    'filename* beside filename',
    part(`name="message"; filename="_.txt"; filename*=UTF-8''j%C3%B6rg.txt`) + END,
    ['message<jörg.txt;>x'],
  ],
  ['a name beyond ASCII as it is', part('name="message"; filename="jörg.txt"') + END, ['message<jörg.txt;>x']],
  [
    'folders of Windows, escaped or not',
    part('name="to"; filename="C:\\\\dir\\a.txt"') + END,
    ['to<C:\\dir\\a.txt;>x'],
  ],
  ['quotes escaped by a backslash', part('name="message"; filename="a \\"b\\".txt"') + END, ['message<a "b".txt;>x']],
  [
    'quotes escaped by a percent sign',
    part('name="message"; filename="a%22b%0d%0A%41.txt"') + END,
    ['message<a"b\r\n%41.txt;>x'],
  ],
  [
    'folded fields, and names of fields and parameters in any case',
    `--BBB\r\nCONTENT-TYPE:\r\n\tapplication/pdf;\r\n name="a.pdf"\r\ncontent-disposition: Form-Data;\r\n\tNAME="attachment";\r\n FileName="a.pdf"\r\n\r\nx\r\n${END}`,
    ['attachment<a.pdf;application/pdf; name="a.pdf">x'],
  ],
  ['a field in two lines', part('\r\n name="o:tag"') + END, ['o:tag=x']],
  ['blanks around the equals sign', part('name = "to" ; filename = a b.txt ;') + END, ['to<a b.txt;>x']],
  ['parameters within a value', part('name="a; FileName=b; name=c"') + END, ['a; FileName=b; name=c=x']],
  ['semicolons and parameters of no use', part(`name="to"${';a=b'.repeat(20)};;flag;`) + END, ['to=x']],
  ['FILENAME* in another charset', part(`name="to"; FILENAME*=iso-8859-1''j%F6rg`) + END, ['to<jörg;>x']],
  ['a preamble', `A form with --BBB in it\r\n${part('name="to"')}${END}`, ['to=x']],
  ['an epilogue', `${part('name="to"')}${END}--BBB\r\nnot a part`, ['to=x']],
  ['blanks behind a boundary', part('name="to"').replace('BBB', 'BBB  ') + END, ['to=x']],
  ['a form within a form', part('name="text"', '--CCC\r\n\r\nx\r\n--CCC--') + END, ['text=--CCC\r\n\r\nx\r\n--CCC--']],
  [
    'a name twice, in its order',
    part('name="a"', '1') + part('name="b"', '2') + part('name="a"', '3') + END,
    ['a=1', 'b=2', 'a=3'],
  ],
];

for (const [what, body, form] of SHAPES) test(`read: ${what}`, () => assert.deepEqual(read(body), form));

const WHOLE = 'the body is not a form, or not whole';
const BROKEN: [string, string, string][] = [
  ['nothing', '', 'the body is not a form'],
  ['no part', END, 'the body is not a form'],
  ['no boundary at all', 'to=x', WHOLE],
  ['no last boundary', part('name="to"'), WHOLE],
  ['a last boundary that breaks off', `${part('name="to"')}--BBB-`, WHOLE],
  ['an end within a file', part('name="attachment"; filename="a"').slice(0, -2), WHOLE],
  ['an end within a header', `${part('name="to"')}--BBB\r\nContent-Disposition: form-data; name="cc"\r\n`, WHOLE],
  ['line ends without CR', (part('name="to"') + END).replaceAll('\r', ''), WHOLE],
  ['no header', `--BBB\r\n\r\nx\r\n${END}`, WHOLE],
  ['no name', part('filename="a"') + END, 'a part of the form has no name'],
  ['an empty name', part('name=""') + END, 'a part of the form has no name'],
  ['no disposition', `--BBB\r\nContent-Type: text/plain\r\n\r\nx\r\n${END}`, 'a part of the form has no name'],
  [
    'a longer disposition',
    part('name="to"').replace('form-data', 'form-data2') + END,
    'a part of the form has no name',
  ],
  ['another disposition', part('name="to"').replace('form-data', 'attachment') + END, 'a part of the form has no name'],
  [
    'a header without end',
    part('name="to"', 'x', `X: ${'y'.repeat(20_000)}`) + END,
    'the header of a part of the form can have 4096 bytes at most',
  ],
  [
    'thousands of headers',
    part('name="to"', 'x', ...Array(5000).fill('a: b')) + END,
    'the header of a part of the form can have 4096 bytes at most',
  ],
];

for (const [what, body, problem] of BROKEN)
  test(`refused as a whole: ${what}`, () => assert.equal(read(body), problem));

const bytesOf = (...texts: string[]) => Buffer.from(texts.join(''), 'latin1');
const ofType = (type: string, value: string, name = 'text') => part(`name="${name}"`, value, `Content-Type: ${type}`);
const CHARSET = part('name="_charset_"', 'ISO-8859-15');

/** What is written, a byte a letter, and what it reads as. */
const CHARSETS: [string, string, string[]][] = [
  ['UTF-8 of which nobody says so', part('name="text"', 'Gr\xc3\xbc\xc3\x9fe'), ['text=Grüße']],
  ['windows-1252 of which nobody says so', part('name="text"', 'Gr\xfc\xdfe \x80'), ['text=Grüße €']],
  ['a name in it', part('name="v:\xfc"; filename="j\xf6rg"', '\xff'), ['v:ü<jörg;>\xff']],
  ['Latin-1, named', ofType('text/plain; charset=ISO-8859-1', '\xc3\xbc'), ['text=Ã¼']],
  ['Cyrillic', ofType('text/plain; charset="koi8-r"', '\xf0\xd2\xc9'), ['text=При']],
  ['two bytes a letter', ofType('text/plain; Charset=Shift_JIS', '\x83\x5c'), ['text=ソ']],
  ['UTF-16 with its mark', ofType('text/plain; charset=utf-16le', '\xff\xfeH\0i\0'), ['text=Hi']],
  ['a mark of UTF-8, which stays', part('name="text"', '\xef\xbb\xbfHi'), ['text=\uFEFFHi']],
  ['what is not what it says', ofType('text/plain; charset=utf-8', '\xfc'), ['text=ü']],
  ['what breaks off in the charset named', ofType('text/plain; charset=shift_jis', 'a\x83'), ['text=aƒ']],
  [
    'UTF-8 with a letter that was cut in two',
    part('name="text"', 'Gr\xc3\xbc\xc3\x9fe aus M\xc3...'),
    ['text=Grüße aus MÃ...'],
  ],
  ['UTF-8 that says it is ASCII', ofType('text/plain; charset=us-ascii', '\xc3\xbc'), ['text=ü']],
  ['a charset among blanks', ofType('text/plain; charset="  koi8-r "', '\xd2'), ['text=р']],
  [
    'what is too long for a charset',
    ofType(`text/plain; charset="koi8-r${' '.repeat(40)}"`, '\xd2') +
      part('name="_charset_"', `koi8-r${' '.repeat(35)}`) +
      part('name="html"', '\xd2'),
    ['text=Ò', `_charset_=koi8-r${' '.repeat(35)}`, 'html=Ò'],
  ],
  ['a charset that nobody knows', ofType('text/plain; charset=x-own', '\xc3\xbc'), ['text=ü']],
  [
    'a charset for all that name none, which may stand behind them',
    part('name="text"', '\xa4') + ofType('text/plain; charset=utf-8', '\xe2\x82\xac', 'html') + CHARSET,
    ['text=€', 'html=€', '_charset_=ISO-8859-15'],
  ],
];

for (const [what, written, form] of CHARSETS)
  test(`as its charset says: ${what}`, () => assert.deepEqual(read(bytesOf(written, END)), form));

test('a long text is read like a short one, however many of its bytes are no UTF-8', () => {
  const textOf = (...pieces: Buffer[]) => {
    const form = readForm(Buffer.concat([bytesOf('text='), ...pieces]), PAIRS, { parts: 1, partSize: 30_000_000 });
    return Array.isArray(form) ? String(form[0]?.[1]) : '';
  };
  const hostile = textOf(Buffer.alloc(20_000_000, 'a\xff', 'latin1'));
  assert.equal(hostile.length, 20_000_000);
  assert.ok(hostile.endsWith('aÿaÿ'));
  assert.ok(textOf(Buffer.alloc(2_000_000, 'Grüße '), bytesOf('M\xc3 \x80')).endsWith('Grüße MÃ €'));
});

test('each run of bytes beyond ASCII is UTF-8 or windows-1252', () => {
  const run = fc.string({ unit: 'binary', minLength: 1, maxLength: 5 }).map((text) => Buffer.from(text));
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 5 }).map((some) => Buffer.from(some));
  fc.assert(
    fc.property(fc.array(fc.oneof(run, bytes)), (pieces) => {
      const raw = Buffer.concat(pieces);
      const western = (letters: string) =>
        new TextDecoder('windows-1252').decode(Buffer.from(letters, 'latin1'), { stream: true });
      const expected = raw.toString('latin1').replace(/[\x80-\xff]+/g, (letters) => {
        const own = Buffer.from(letters, 'latin1');
        return isUtf8(own) ? own.toString() : western(letters);
      });
      assert.equal(wholeTextOf(raw, null), expected);
    }),
  );
});

test('the pairs of a urlencoded form are read as their charset says, escaped or not', () => {
  const pairs = (text: string, charset: string | null) =>
    told(readForm(bytesOf(text), { kind: 'urlencoded', charset }, LIMITS));
  assert.deepEqual(pairs('v:%FC=caf%E9+\x80', null), ['v:ü=café €']);
  assert.deepEqual(pairs('v:%C3%BC=caf%C3%A9', null), ['v:ü=café']);
  assert.deepEqual(pairs('a=%A4&b=%F0%D2', 'iso-8859-15'), ['a=€', 'b=ðÒ']);
  assert.deepEqual(pairs('a=%F0%D2&_charset_=koi8-r', null), ['a=Пр', '_charset_=koi8-r']);
});

test('every byte that a field may hold can be told from what is made of it', () => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
  const [entry] = readForm(
    Buffer.concat([Buffer.from(part('name="a"', '').slice(0, -2)), all, bytesOf('\r\n', END)]),
    MULTIPART,
    LIMITS,
  );
  const text = Array.isArray(entry) ? String(entry[1]) : '';
  assert.equal(new Set(text).size, 256);
  assert.ok(!text.includes('\uFFFD'));
});

test('the limits hold to the byte and to the part', () => {
  const limits = { parts: 2, partSize: 10 };
  const field = (size: number) => part('name="a"', 'x'.repeat(size));
  const file = (size: number) => part('name="a"; filename="a"', 'x'.repeat(size));
  assert.equal(read(field(10) + file(10) + END, limits).length, 2);
  assert.equal(read(field(1) + field(1) + field(1) + END, limits), 'a form can have 2 parts at most');
  for (const body of [field(11), file(11)])
    assert.equal(read(body + END, limits), 'a field or file of a form can have 10 bytes at most');
  const pairs = (text: string) => told(readForm(Buffer.from(text), PAIRS, limits));
  assert.deepEqual(pairs('a=0123456789&a=%C3%B6+x'), ['a=0123456789', 'a=ö x']);
  assert.equal(pairs('a=1&b=2&c=3'), 'a form can have 2 parts at most');
  assert.equal(pairs('a=0123456789x'), 'a field or file of a form can have 10 bytes at most');
});

test('25 MB of nothing but separators, or parts, are searched no further than to the limit', (t) => {
  const searches = t.mock.method(Buffer.prototype, 'indexOf');
  const pairs = Buffer.alloc(25_000_000, 'a&');
  assert.equal(readForm(pairs, PAIRS, LIMITS), 'a form can have 100 parts at most');
  const { length } = searches.mock.calls;
  assert.ok(length > 0 && length <= LIMITS.parts, `${length}`);
  const parts = Buffer.alloc(25_000_000, part('name="a"'));
  assert.equal(readForm(parts, MULTIPART, LIMITS), 'a form can have 100 parts at most');
  // The end of each header, by the library and by us, and the end of each content.
  assert.ok(searches.mock.callCount() - length <= 3 * LIMITS.parts + 3, `${searches.mock.callCount()}`);
});

test('a file of 25 MB is not copied', () => {
  const head = part('name="message"; filename="a"', '').slice(0, -2);
  const raw = Buffer.concat([Buffer.from(head), Buffer.alloc(25_000_000, '\r\n--BB'), Buffer.from(`\r\n${END}`)]);
  const form = readForm(raw, MULTIPART, { parts: 1, partSize: raw.length });
  assert.ok(typeof form !== 'string');
  const [, file] = form[0] ?? assert.fail();
  assert.ok(typeof file !== 'string');
  assert.equal(file.content.length, 25_000_000);
  assert.equal(file.content.buffer, raw.buffer);
});

test('no bytes make it throw', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '--BBB',
      '--',
      '\r\n',
      '\r',
      ':',
      '"',
      ';',
      'Content-Disposition: form-data',
      'name=',
      'filename*=',
      "utf-8''%",
    ),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom(MULTIPART, PAIRS), (pieces, type) => {
      readForm(Buffer.from(pieces.join(''), 'latin1'), type, LIMITS);
    }),
  );
});

test('a urlencoded form reads as URLSearchParams reads it', () => {
  // Not with letters beyond ASCII: Node reads those wrongly beside a lone percent sign.
  const sign = fc.constantFrom(...'%41Cc3A9+=&x', '%C3%A4', '%00', '%EF%BB%BF');
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 40 }), (signs) => {
      const raw = Buffer.from(signs.join(''));
      const expected = [...new URLSearchParams(new TextDecoder().decode(raw))];
      // It knows no charset but UTF-8.
      fc.pre(!expected.join().includes('\uFFFD'));
      assert.deepEqual(readForm(raw, PAIRS, { parts: 100, partSize: 1000 }), expected);
    }),
  );
});

test('of a form whose other fields are not asked for only these are made', () => {
  const only = new Set(['token']);
  const limits = { parts: 10, partSize: 1000, only };
  assert.deepEqual(readForm(Buffer.from('a=1&token=2&b=3&to%6ben=4'), PAIRS, limits), [
    ['token', '2'],
    ['token', '4'],
  ]);
  const parts = ['a', 'token'].map(
    (name) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${name}\r\n`,
  );
  const raw = Buffer.from(`${parts.join('')}--b--\r\n`);
  assert.deepEqual(readForm(raw, { kind: 'multipart', boundary: 'b' }, limits), [['token', 'token']]);
});

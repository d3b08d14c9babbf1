import { randomBytes } from 'node:crypto';
import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { Ms } from '../../core/time.ts';
import { launch } from './delivery.ts';
import { fieldOf, readDate } from './form.ts';
import { carriedVariables, headerJson, headerOf, joinMime, type Mime, setHeader, splitMime } from './mime.ts';
import { type Reply, refusal, reply } from './reply.ts';
import type { SimRequest, StoredMessage, World } from './world.ts';

const OPTIONS_LIMIT = 16 * 1024;
const RECIPIENTS_LIMIT = 1000;

/** POST /v3/:domain/messages */
export const sendParts = async (world: World, request: SimRequest, domain: string): Promise<Reply> => {
  const wrong = wrongAddresses(request, 'from') ?? wrongAddresses(request, 'to') ?? wrongContent(request);
  const options = wrong ?? readOptions(world, request);
  if (typeof options === 'string') return refusal(400, options);
  const addresses = addressesIn(['to', 'cc', 'bcc'].flatMap((name) => request.fields[name] ?? []));
  const mime = splitMime(await composed(request, options.headers, freshMessageId(world, domain)));
  return take(world, { request, domain, mime, addresses, options });
};

/** POST /v3/:domain/messages.mime: the envelope from `to`, everything else from the mail itself. */
export const sendMime = (world: World, request: SimRequest, domain: string): Reply => {
  const file = request.files['message']?.[0];
  const wrong =
    wrongAddresses(request, 'to') ?? (file === undefined ? 'message parameter is missing or not a file' : null);
  const options = wrong ?? readOptions(world, request);
  if (typeof options === 'string' || file === undefined) return refusal(400, String(options));
  const mime = splitMime(file.content);
  return take(world, { request, domain, mime, addresses: addressesIn(request.fields['to'] ?? []), options });
};

type Options = {
  deliverAt: Ms | null;
  testMode: boolean;
  tags: string[];
  variables: Record<string, string>;
  headers: Headers;
};
type Headers = Record<string, string>;

const wrongAddresses = (request: SimRequest, name: string): string | null => {
  const values = request.fields[name] ?? [];
  if (values.join('').trim() === '') return `${name} parameter is missing`;
  const right = addressesIn(values).every((address) => /^[^\s@<>,]+@[^\s@<>,]+$/.test(address));
  return right ? null : `'${name}' parameter is not a valid address. please check documentation`;
};

const wrongContent = (request: SimRequest): string | null => {
  const { html, template } = request.fields;
  if (html !== undefined && template !== undefined) return "'html' and 'template' parameters can not be used together";
  const some = ['text', 'html', 'amp-html', 'template'].some((name) => request.fields[name] !== undefined);
  return some ? null : "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified";
};

/** What `o:`, `h:` and `v:` say, or what is wrong with them. */
const readOptions = (world: World, request: SimRequest): Options | string => {
  const named = Object.entries(request.fields).filter(([name]) => /^[ohvt]:/.test(name));
  const size = named.reduce((sum, [name, values]) => sum + name.length + values.join('').length, 0);
  if (size > OPTIONS_LIMIT) return "'o:', 'v:', 'h:' and 't:' parameters are limited to 16 KB in all";
  if (addressesIn(['to', 'cc', 'bcc'].flatMap((name) => request.fields[name] ?? [])).length > RECIPIENTS_LIMIT) {
    return `a message can have ${RECIPIENTS_LIMIT} recipients at most`;
  }
  const deliverAt = readDeliveryTime(world, request);
  if (typeof deliverAt === 'string') return deliverAt;
  return {
    deliverAt,
    testMode: ['yes', 'true'].includes(fieldOf(request, 'o:testmode') ?? ''),
    tags: request.fields['o:tag'] ?? [],
    variables: prefixed(named, 'v:'),
    headers: prefixed(named, 'h:'),
  };
};

/** `o:deliverytime` as a moment, null when there is none, or what is wrong with it. */
export const readDeliveryTime = (world: World, request: SimRequest): Ms | null | string => {
  const text = fieldOf(request, 'o:deliverytime');
  if (text === null) return null;
  const at = readDate(text);
  if (at === null) return "'o:deliverytime' parameter is not a valid RFC 2822 date";
  return at > world.clock() + world.quirks.scheduleHorizon ? "'o:deliverytime' parameter is too far in the future" : at;
};

const prefixed = (named: [string, string[]][], prefix: string): Record<string, string> =>
  Object.fromEntries(
    named
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, values]) => [name.slice(prefix.length), values[0] ?? '']),
  );

/** Each once, as written. */
export const addressesIn = (values: string[]): string[] => [
  ...new Set(addressparser(values.join(', '), { flatten: true }).map((mailbox) => mailbox.address)),
];

const composed = (request: SimRequest, given: Headers, freshId: string): Promise<Buffer> => {
  const single = (name: string): string | undefined => request.fields[name]?.[0];
  const list = (name: string): string => (request.fields[name] ?? []).join(', ');
  const template = single('template');
  const { 'message-id': messageId = `<${freshId}>`, ...headers } = lowerKeys(given);
  const mail = new MailComposer({
    from: list('from'),
    to: list('to'),
    cc: list('cc'),
    messageId,
    subject: single('subject') ?? '',
    text: single('text') ?? (template === undefined ? '' : `(the template "${template}")`),
    ...optional('html', single('html')),
    ...optional('amp', single('amp-html')),
    headers,
    attachments: [
      ...(request.files['attachment'] ?? []).map((file) => ({ ...file, contentType: file.type })),
      ...(request.files['inline'] ?? []).map((file) => ({ ...file, contentType: file.type, cid: file.filename })),
    ],
  });
  return mail.compile().build();
};

const optional = (name: string, value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: value };

const lowerKeys = (headers: Headers): Headers =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

type Submission = { request: SimRequest; domain: string; mime: Mime; addresses: string[]; options: Options };

const take = (world: World, submission: Submission): Reply => {
  const message = storedMessage(world, submission);
  world.stored.set(message.key, message);
  launch(world, message, { kind: 'send', deliverAt: submission.options.deliverAt, honoured: true });
  return queued(message.messageId);
};

const storedMessage = (world: World, { request, domain, mime, addresses, options }: Submission): StoredMessage => {
  const variables = { ...carriedVariables(mime), ...options.variables };
  const asked = lowerKeys(options.headers)['message-id'] ?? headerOf(mime, 'Message-Id');
  const messageId = asked?.replace(/^\s*<|>\s*$/g, '') ?? freshMessageId(world, domain);
  const outgoing = outgoingMime(mime, { messageId, variables, deliverAt: options.deliverAt });
  const from = headerOf(outgoing, 'From') ?? '';
  return {
    key: freshKey(),
    domain,
    messageId,
    headers: {
      from,
      to: headerOf(outgoing, 'To') ?? addresses.join(', '),
      subject: headerOf(outgoing, 'Subject') ?? '',
    },
    sender: addressesIn([from])[0] ?? '',
    recipients: addresses,
    mime: joinMime(outgoing),
    text: request.fields['text']?.[0] ?? null,
    html: request.fields['html']?.[0] ?? null,
    attachments: (request.files['attachment'] ?? []).map(({ filename, type, content }) => ({
      filename,
      'content-type': type,
      size: content.length,
    })),
    variables,
    tags: options.tags,
    testMode: options.testMode,
    storedAt: world.clock(),
  };
};

type Marks = { messageId: string; variables: Record<string, unknown>; deliverAt: Ms | null };

/** The mail as recipients get it: they can read its variables and its first schedule, and never its Bcc. */
const outgoingMime = (mime: Mime, { messageId, variables, deliverAt }: Marks): Mime => {
  const marks: [string, string | null][] = [
    ['Message-Id', `<${messageId}>`],
    ['Bcc', null],
  ];
  if (Object.keys(variables).length > 0) marks.push(['X-Mailgun-Variables', headerJson(variables)]);
  if (deliverAt !== null) marks.push(['X-Mailgun-Deliver-By', new Date(deliverAt).toUTCString()]);
  return marks.reduce((marked, [name, value]) => setHeader(marked, name, value), mime);
};

export const freshMessageId = (world: World, domain: string): string =>
  `${new Date(world.clock()).toISOString().replace(/\D/g, '').slice(0, 14)}.${randomBytes(8).toString('hex')}@${domain}`;

/** Ends in `==`, as real ones may: a path segment that must be encoded. */
export const freshKey = (): string => `BAA${randomBytes(30).toString('base64url')}==`;

export const queued = (messageId: string): Reply => reply({ id: `<${messageId}>`, message: 'Queued. Thank you.' });

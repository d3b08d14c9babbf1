import { randomBytes } from 'node:crypto';
import MailComposer from 'nodemailer/lib/mail-composer';
import type { FormFile } from '../../mail/form.ts';
import { launch } from './delivery.ts';
import { carriedVariables, headerJson, headerOf, joinMime, type Mime, splitMime, withHeader } from './mime.ts';
import { addressesIn, type Options, optionsIn, recipientsIn } from './options.ts';
import { type Reply, refusal, reply } from './reply.ts';
import type { Place, SimRequest, StoredMessage, World } from './world.ts';

/** POST /v3/:domain/messages */
export async function sendParts(world: World, request: SimRequest, { domain }: Place): Promise<Reply> {
  const problem = addressProblem(request, 'from') ?? addressProblem(request, 'to') ?? contentProblem(request);
  const options = problem ?? optionsIn(world, request);
  if (typeof options === 'string') return refusal(400, options);
  const messageId = options.messageId ?? `<${freshMessageId(world, domain)}>`;
  const mime = splitMime(await composed(world, request, { ...options, messageId }));
  return take(world, { request, domain, mime, recipients: recipientsIn(request, 'to', 'cc', 'bcc'), options });
}

/** POST /v3/:domain/messages.mime: the envelope from `to`, everything else from the mail itself. */
export function sendMime(world: World, request: SimRequest, { domain }: Place): Reply {
  const file = request.files['message']?.[0];
  const problem = addressProblem(request, 'to') ?? fileProblem(file);
  const options = problem ?? optionsIn(world, request);
  if (typeof options === 'string' || file === undefined) return refusal(400, String(options));
  const mime = options.headers.reduce((mail, [name, value]) => withHeader(mail, name, value), splitMime(file.content));
  return take(world, { request, domain, mime, recipients: recipientsIn(request, 'to'), options });
}

function addressProblem(request: SimRequest, name: string): string | null {
  const values = request.fields[name] ?? [];
  if (values.join('').trim() === '') return `${name} parameter is missing`;
  const isRight = addressesIn(values).every((address) => /^[^\s@<>,]+@[^\s@<>,]+$/.test(address));
  return isRight ? null : `${name} parameter is not a valid address. please check documentation`;
}

function contentProblem({ fields }: SimRequest): string | null {
  if (fields['html'] !== undefined && fields['template'] !== undefined) {
    return "'html' and 'template' parameters can not be used together";
  }
  const isThere = ['text', 'html', 'amp-html', 'template'].some((name) => fields[name] !== undefined);
  return isThere ? null : "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified";
}

function fileProblem(file: FormFile | undefined): string | null {
  return file === undefined ? 'message parameter is missing or not a file' : null;
}

/** Composed by other code than that of Homing: a mistake there must not look right here. */
function composed(world: World, request: SimRequest, options: Options & { messageId: string }): Promise<Buffer> {
  const single = (name: string): string | undefined => request.fields[name]?.[0];
  const list = (name: string): string => (request.fields[name] ?? []).join(', ');
  const template = single('template');
  const mail = new MailComposer({
    from: list('from'),
    to: list('to'),
    cc: list('cc'),
    messageId: options.messageId,
    date: new Date(world.clock()),
    subject: single('subject') ?? '',
    text: single('text') ?? (template === undefined ? '' : `(the template "${template}")`),
    ...optional('html', single('html')),
    ...optional('amp', single('amp-html')),
    headers: options.headers.map(([key, value]) => ({ key, value })),
    attachments: attachmentsOf(request),
  });
  return mail.compile().build();
}

const optional = (name: string, value: string | undefined): Record<string, string> =>
  value === undefined ? {} : { [name]: value };

/** An inline file is known by its name. */
function attachmentsOf({ files }: SimRequest) {
  const attached = (files['attachment'] ?? []).map((file) => ({ ...file, contentType: file.type }));
  const inline = (files['inline'] ?? []).map((file) => ({ ...file, contentType: file.type, cid: file.filename }));
  return [...attached, ...inline];
}

type Submission = { request: SimRequest; domain: string; mime: Mime; recipients: string[]; options: Options };

function take(world: World, submission: Submission): Reply {
  const message = storedMessage(world, submission);
  world.stored.set(message.key, message);
  launch(world, message, { kind: 'send', deliverAt: submission.options.deliverAt, honoured: true });
  return queued(message.messageId);
}

function storedMessage(world: World, { request, domain, mime, recipients, options }: Submission): StoredMessage {
  const variables = { ...carriedVariables(mime), ...options.variables };
  const asked = options.messageId ?? headerOf(mime, 'Message-Id');
  const messageId = asked?.replace(/^\s*<|>\s*$/g, '') ?? freshMessageId(world, domain);
  const outgoing = outgoingMime(mime, { messageId, variables, deliverAt: options.deliverAt });
  const from = headerOf(outgoing, 'From') ?? '';
  return {
    key: freshKey(),
    domain,
    messageId,
    headers: {
      from,
      to: headerOf(outgoing, 'To') ?? recipients.join(', '),
      subject: headerOf(outgoing, 'Subject') ?? '',
    },
    sender: addressesIn([from])[0] ?? '',
    recipients,
    mime: joinMime(outgoing),
    text: request.fields['text']?.[0] ?? null,
    html: request.fields['html']?.[0] ?? null,
    attachments: (request.files['attachment'] ?? []).map(shownAttachment),
    variables,
    tags: options.tags,
    testMode: options.testMode,
    deliverWithin: options.deliverWithin,
    storedAt: world.clock(),
  };
}

function shownAttachment({ filename, type, content }: FormFile): StoredMessage['attachments'][number] {
  return { filename, 'content-type': type, size: content.length };
}

type Marks = Pick<StoredMessage, 'messageId' | 'variables'> & Pick<Options, 'deliverAt'>;

/** The mail as recipients get it: they can read its variables and its first schedule, and never its Bcc. */
function outgoingMime(mime: Mime, { messageId, variables, deliverAt }: Marks): Mime {
  const marks: [string, string | null][] = [
    ['Message-Id', `<${messageId}>`],
    ['Bcc', null],
  ];
  if (Object.keys(variables).length > 0) marks.push(['X-Mailgun-Variables', headerJson(variables)]);
  if (deliverAt !== null) marks.push(['X-Mailgun-Deliver-By', new Date(deliverAt).toUTCString()]);
  return marks.reduce((marked, [name, value]) => withHeader(marked, name, value), mime);
}

export function freshMessageId(world: World, domain: string): string {
  const time = new Date(world.clock()).toISOString().replace(/\D/g, '').slice(0, 14);
  return `${time}.${randomBytes(8).toString('hex')}@${domain}`;
}

/** Ends in `==`, as real ones may: a path segment that must be encoded. */
export function freshKey(): string {
  return `BAA${randomBytes(30).toString('base64url')}==`;
}

export function queued(messageId: string): Reply {
  return reply({ id: `<${messageId}>`, message: 'Queued. Thank you.' });
}

import { launch } from './delivery.ts';
import { storageUrl } from './event-parts.ts';
import { headerOf, joinMime, splitMime, withHeader } from './mime.ts';
import { deliveryTimeIn, recipientsIn } from './options.ts';
import { type Reply, refusal, reply } from './reply.ts';
import { freshKey, freshMessageId, queued } from './sending.ts';
import type { Place, SimRequest, StoredMessage, World } from './world.ts';

/** GET and POST /v3/domains/:domain/messages/:key, at the storage host or at the API base. */
export function storedRoute(world: World, request: SimRequest, { domain, last: key }: Place): Reply {
  const answer = world.quirks.storageHostAnswers;
  if (answer !== 'ok' && isStorageHost(world, request)) {
    return refusal(answer, answer === 404 ? 'Message not found' : 'Please use the URL as given in the event');
  }
  const message = world.stored.get(key);
  const isKept = message !== undefined && world.clock() < message.storedAt + world.retention;
  if (!isKept || message.domain !== domain) return refusal(404, 'Message not found');
  return request.method === 'POST' ? repost(world, request, message) : retrieve(world, request, message);
}

/** If the two share an origin every request counts as one to the storage host. */
function isStorageHost(world: World, request: SimRequest): boolean {
  return request.headers.host === new URL(world.storageOrigin).host;
}

function retrieve(world: World, request: SimRequest, message: StoredMessage): Reply {
  const common = {
    recipients: message.recipients.join(', '),
    sender: message.sender,
    from: message.headers.from,
    subject: message.headers.subject,
  };
  // Asked for a mail, Mailgun still answers JSON, with the mail in a string.
  const isMail = request.headers.accept?.includes('message/rfc2822') ?? false;
  return reply(
    isMail ? { ...common, 'body-mime': message.mime.toString('utf8') } : { ...parsed(world, message), ...common },
  );
}

function parsed(world: World, message: StoredMessage): Record<string, unknown> {
  const { headers } = splitMime(message.mime);
  return {
    ...Object.fromEntries(headers),
    'body-plain': message.text ?? '',
    'body-html': message.html ?? '',
    'stripped-text': message.text ?? '',
    'stripped-html': message.html ?? '',
    'stripped-signature': '',
    attachments: message.attachments.map(({ filename: name, ...more }, n) => ({
      name,
      ...more,
      url: `${storageUrl(world, message)}/attachments/${n}`,
    })),
    'content-id-map': {},
    'message-headers': headers,
  };
}

/** The original headers, to whoever `to` says. Everything but `to` is undocumented, and so a quirk. */
function repost(world: World, request: SimRequest, original: StoredMessage): Reply {
  const recipients = recipientsIn(request, 'to').filter((address) => address !== '');
  if (recipients.length === 0) return refusal(400, 'to parameter is missing');
  const { honoursDeliveryTime: honoured } = world.quirks;
  const deliverAt = deliveryTimeIn(world, request);
  if (honoured && typeof deliverAt === 'string') return refusal(400, deliverAt);
  const message = copyFor(world, original, recipients);
  world.stored.set(message.key, message);
  launch(world, message, { kind: 'repost', deliverAt: typeof deliverAt === 'string' ? null : deliverAt, honoured });
  return queued(message.messageId);
}

function copyFor(world: World, original: StoredMessage, recipients: string[]): StoredMessage {
  const { repostId, repostKeepsVariables } = world.quirks;
  const messageId = repostId === 'same' ? original.messageId : freshMessageId(world, original.domain);
  const mime = withHeader(splitMime(original.mime), 'Message-Id', `<${messageId}>`);
  const carried = repostKeepsVariables ? headerOf(mime, 'X-Mailgun-Variables') : null;
  return {
    ...original,
    key: freshKey(),
    messageId,
    recipients,
    mime: joinMime(withHeader(mime, 'X-Mailgun-Variables', carried)),
    variables: repostKeepsVariables ? original.variables : {},
    storedAt: world.clock(),
  };
}

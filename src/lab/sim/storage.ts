import { launch } from './delivery.ts';
import { headerOf, joinMime, setHeader, splitMime } from './mime.ts';
import { type Reply, refusal, reply } from './reply.ts';
import { addressesIn, freshKey, freshMessageId, queued, readDeliveryTime } from './sending.ts';
import type { SimRequest, StoredMessage, World } from './world.ts';

/** GET and POST /v3/domains/:domain/messages/:key, at the storage host or at the API base. */
export const storedRoute = (world: World, request: SimRequest, where: { domain: string; key: string }): Reply => {
  const answer = world.quirks.storageHostAnswers;
  if (answer !== 'ok' && isStorageHost(world, request)) {
    return refusal(answer, answer === 404 ? 'Message not found' : 'Please use the URL as given in the event');
  }
  const message = world.stored.get(where.key);
  const kept =
    message !== undefined && message.domain === where.domain && world.clock() < message.storedAt + world.retention;
  if (!kept) return refusal(404, 'Message not found');
  return request.method === 'POST' ? repost(world, request, message) : retrieve(request, message);
};

/** Where the two share an origin, there is no telling: every request is one to the storage host. */
const isStorageHost = (world: World, request: SimRequest): boolean =>
  request.headers.host === new URL(world.storageOrigin).host;

const retrieve = (request: SimRequest, message: StoredMessage): Reply => {
  const common = {
    recipients: message.recipients.join(', '),
    sender: message.sender,
    from: message.headers.from,
    subject: message.headers.subject,
  };
  // Asked for a mail, Mailgun still answers JSON, with the mail in a string.
  if (request.headers.accept?.includes('message/rfc2822'))
    return reply({ ...common, 'body-mime': message.mime.toString('utf8') });
  const { headers } = splitMime(message.mime);
  return reply({
    ...Object.fromEntries(headers),
    ...common,
    'body-plain': message.text ?? '',
    'body-html': message.html ?? '',
    'stripped-text': message.text ?? '',
    'stripped-html': message.html ?? '',
    'stripped-signature': '',
    attachments: message.attachments,
    'content-id-map': {},
    'message-headers': headers,
  });
};

/** The original headers, to whoever `to` says. Everything but `to` is undocumented, and so a quirk. */
const repost = (world: World, request: SimRequest, original: StoredMessage): Reply => {
  const recipients = addressesIn(request.fields['to'] ?? []).filter((address) => address !== '');
  if (recipients.length === 0) return refusal(400, 'to parameter is missing');
  const deliverAt = readDeliveryTime(world, request);
  const { honoursDeliveryTime, repostKeepsVariables } = world.quirks;
  if (honoursDeliveryTime && typeof deliverAt === 'string') return refusal(400, deliverAt);
  const message = copyOf(world, original, recipients, repostKeepsVariables);
  world.stored.set(message.key, message);
  launch(world, message, {
    kind: 'repost',
    deliverAt: typeof deliverAt === 'string' ? null : deliverAt,
    honoured: honoursDeliveryTime,
  });
  return queued(message.messageId);
};

const copyOf = (
  world: World,
  original: StoredMessage,
  recipients: string[],
  keepsVariables: boolean,
): StoredMessage => {
  const messageId = world.quirks.repostId === 'same' ? original.messageId : freshMessageId(world, original.domain);
  const mime = setHeader(splitMime(original.mime), 'Message-Id', `<${messageId}>`);
  const carried = headerOf(mime, 'X-Mailgun-Variables');
  return {
    ...original,
    key: freshKey(),
    messageId,
    recipients,
    mime: joinMime(setHeader(mime, 'X-Mailgun-Variables', keepsVariables ? carried : null)),
    variables: keepsVariables ? original.variables : {},
    storedAt: world.clock(),
  };
};

import type { Deadline } from '../../base/deadline.ts';
import type { Answer } from '../../core/answer.ts';
import { type Ms, SECOND } from '../../core/time.ts';
import { objectOf } from '../common/fields.ts';
import { createJsonApi, type JsonApi } from '../common/json-api.ts';
import { bodyOf } from '../common/reply.ts';
import type { Outgoing, Provider } from '../provider.ts';
import { answerTo, detailOf } from './answers.ts';
import { parseSendGridUrl } from './url.ts';
import { openWebhook, reopen } from './webhook.ts';
import { writeMail } from './write-mail.ts';

/** Hand-overs at once, and sockets for them. */
const SLOTS = 8;

/**
 * SendGrid, through `POST /v3/mail/send`. Its SMTP relay would keep the MIME as it is, and takes our id as well (in a header,
 * X-SMTPAPI). The API says in one answer whether a mail was taken, under which id events will speak of it, or else whether
 * the mail, the account or the moment is wrong; it takes a round trip where SMTP takes seven, by the port that is open
 * everywhere. For that each mail is written anew, and what would not be the same mail afterwards is refused.
 *
 * It can't be asked what it knows of a mail: its Email Logs find none by our id, and name no time after which what they don't
 * show was never there, so their "not found" is no "no". Without a key for its webhooks it tells nothing.
 */
export function createSendGrid(url: string, { lease }: { lease: Ms }): Provider {
  const { apiUrl, key, signingKeys } = parseSendGridUrl(url);
  // Well below half the lease, so that we give up a hand-over before another process takes it for dead.
  const timeout = Math.floor(Math.min(0.4 * lease, 30 * SECOND));
  const api = createJsonApi({ apiUrl, key, timeout, connections: SLOTS });
  return {
    name: 'sendgrid',
    can: { track: signingKeys.length > 0, lookUp: false, storeCopy: false, schedule: false, forms: false },
    slots: SLOTS,
    handOver: (mail, until) => handOver(api, mail, until),
    webhook: { path: '/webhooks/sendgrid', open: (request, now) => openWebhook(request, signingKeys, now) },
    read: ({ body }) => reopen(body),
    verify: () => verify(api),
    close: api.close,
  };
}

async function handOver(api: JsonApi, mail: Outgoing, until: Deadline): Promise<Answer> {
  if (!('mime' in mail.content))
    return { kind: 'refused', why: 'invalid', detail: 'only a ready message can be handed over' };
  const written = writeMail(mail, mail.content.mime);
  if (typeof written === 'string') return { kind: 'refused', why: 'invalid', detail: written };
  return answerTo(await api.post('/v3/mail/send', written, until));
}

/** Whether the key is right, and one that may send. */
async function verify(api: JsonApi): Promise<{ ok: true } | { ok: false; detail: string }> {
  const exchanged = await api.get('/v3/scopes');
  if (exchanged.kind === 'silence') return { ok: false, detail: exchanged.why };
  // Who asks for a pause is there.
  if (exchanged.status === 429) return { ok: true };
  const { scopes } = objectOf(bodyOf(exchanged));
  if (exchanged.status !== 200 || !Array.isArray(scopes)) return { ok: false, detail: detailOf(exchanged) };
  return scopes.includes('mail.send') ? { ok: true } : { ok: false, detail: 'its API key may not send (mail.send)' };
}

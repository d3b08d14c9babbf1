import type { Deadline } from '../../base/deadline.ts';
import type { Answer } from '../../core/answer.ts';
import { type Clock, MINUTE, type Ms, SECOND } from '../../core/time.ts';
import { createJsonApi, type JsonApi } from '../common/json-api.ts';
import type { Outgoing, Provider } from '../provider.ts';
import { answerTo, detailOf } from './answers.ts';
import { emailOf } from './email.ts';
import { parseMailersendUrl } from './url.ts';
import { noticeIn, openWebhook, reopen } from './webhook.ts';

/** Hand-overs at once, and sockets for them. An account may make 120 calls a minute. */
const SLOTS = 4;

/**
 * MailerSend, over its HTTP API. It is not asked for a mail whose answer was lost: its records are kept for a day on small
 * plans, answer ten questions a minute, are not open to a token that may only send, and tell of a bounce without its reason.
 * Its events carry our own id instead. Without the secret of its webhook nothing that is posted can be believed, and it is a
 * provider that tells nothing.
 */
export function createMailersend(url: string, { lease, now }: { lease: Ms; now: Clock }): Provider {
  const { token: key, secrets, apiUrl, keepsHeaders } = parseMailersendUrl(url);
  // Well below half the lease, so that we give up a hand-over before another process takes it for dead.
  const timeout = Math.floor(Math.min(0.4 * lease, 30 * SECOND));
  const api = createJsonApi({ apiUrl, key, timeout, connections: SLOTS });
  return {
    name: 'mailersend',
    can: { track: secrets.length > 0, lookUp: false, storeCopy: false, schedule: false, forms: false },
    slots: SLOTS,
    handOver: (mail, until) => handOver(api, mail, keepsHeaders, until),
    webhook: { path: '/webhooks/mailersend', open: ({ raw, headers }) => openWebhook(raw, headers, secrets) },
    read: ({ body }) => reopen(body),
    notice: ({ body }) => noticeIn(body),
    verify: verifierOf(api, now),
    close: api.close,
  };
}

async function handOver(api: JsonApi, mail: Outgoing, keepsHeaders: boolean, until: Deadline): Promise<Answer> {
  if (!('mime' in mail.content))
    return { kind: 'refused', why: 'invalid', detail: 'only a ready message can be handed over' };
  const email = emailOf(mail, mail.content.mime, keepsHeaders);
  if (typeof email === 'string') return { kind: 'refused', why: 'invalid', detail: email };
  return answerTo(await api.post('/v1/email', email, until));
}

/**
 * The cheapest question that there is: what is left of the calls of this day. It is one of them, and a small plan has a
 * thousand, so the answer that all is well holds for a minute: while a provider is in doubt each is asked every few seconds.
 */
function verifierOf(api: JsonApi, now: Clock): NonNullable<Provider['verify']> {
  let wellAt = Number.NEGATIVE_INFINITY;
  return async () => {
    if (now() - wellAt < MINUTE) return { ok: true };
    const exchanged = await api.get('/v1/api-quota');
    if (exchanged.kind === 'silence') return { ok: false, detail: exchanged.why };
    // Who asks for a pause is there.
    if (exchanged.status === 429) return { ok: true };
    const detail = detailOf(exchanged);
    // A token that may only send is refused, and known all the same.
    if (exchanged.status !== 200 && !(exchanged.status === 403 && /#MS40301/.test(detail)))
      return { ok: false, detail };
    wellAt = now();
    return { ok: true };
  };
}

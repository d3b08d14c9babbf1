import { createHmac } from 'node:crypto';
import { MORNING } from '../../support/clock.ts';
import { type ProviderWorld, providerContract, type Treatment } from '../../support/provider-contract.ts';
import { mailOf, PLAIN, RECIPIENT, SECRET, start } from './support.ts';

const TREATMENTS = {
  takes: null,
  refuses: { status: 422, body: '{"message":"The to field is required. #MS42209"}' },
  'drops before': 'dropBeforeWork',
  'drops after': 'dropBeforeAnswer',
  // The id, which is all of an answer, is in a header.
  'answers by half': 'noId',
  hangs: 'hang',
} as const satisfies Record<Treatment, unknown>;

providerContract('MailerSend', { webhook: true, history: false }, async (t): Promise<ProviderWorld> => {
  const { sim, provider } = await start(t);
  let ends = () => {};
  const treat = (how: Treatment) => {
    ends();
    const as = TREATMENTS[how];
    if (as !== null) ends = sim.misbehave(() => true, as);
  };
  const signed = (body: object, secret: string) => {
    const raw = Buffer.from(JSON.stringify(body));
    return { raw, headers: { signature: createHmac('sha256', secret).update(raw).digest('hex') } };
  };
  const data = { id: '62f114f8165fe0d8db0288e5', message_id: '67f91abd69f79df391e9d78d', recipient: RECIPIENT };
  const event = { type: 'activity.delivered', created_at: '2026-11-25T08:00:00.000000Z', data };
  const webhook = {
    now: MORNING,
    most: 1,
    genuine: () => signed(event, SECRET),
    forged: () => signed(event, 'another'),
  };
  return { provider, treat, mail: mailOf(PLAIN), webhook, copies: () => sim.mails.length };
});

import { startSimSendGrid } from '../../../src/lab/sim/sendgrid.ts';
import { createSendGrid } from '../../../src/providers/sendgrid/provider.ts';
import { clockAt, MORNING } from '../../support/clock.ts';
import { type ProviderWorld, providerContract, type Treatment } from '../../support/provider-contract.ts';
import { KEY, MAIL } from './support.ts';

providerContract('SendGrid', { webhook: true, history: false }, async (t): Promise<ProviderWorld> => {
  const sim = await startSimSendGrid({ apiKey: KEY, clock: clockAt() });
  t.after(sim.close);
  const provider = createSendGrid(sim.secondary, { lease: 60_000 });
  t.after(provider.close);
  let ends = () => {};
  const treat = (how: Treatment) => {
    ends();
    const as = (
      {
        takes: null,
        refuses: { status: 400 },
        'drops before': 'dropBeforeWork',
        'drops after': 'dropBeforeAnswer',
        // Its answer has no body that could break off: half of it is one without the id.
        'answers by half': 'noId',
        hangs: 'hang',
      } as const
    )[how];
    if (as !== null) ends = sim.misbehave(() => true, as);
  };
  const event = (n: number) => ({
    email: MAIL.recipient,
    event: 'delivered',
    timestamp: MORNING / 1000 - n,
    'smtp-id': `<${n}>`,
  });
  const list = (count: number) => Array.from({ length: count }, (_, n) => event(n));
  const forged = () => {
    const { raw, headers } = sim.hook.signed(list(1));
    return { raw: Buffer.concat([raw, Buffer.from(' ')]), headers };
  };
  const webhook = { now: MORNING, most: 1000, genuine: (count: number) => sim.hook.signed(list(count)), forged };
  return { provider, treat, mail: MAIL, webhook, copies: () => sim.mails.length };
});

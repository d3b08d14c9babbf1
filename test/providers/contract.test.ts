import { createHmac, randomBytes } from 'node:crypto';
import type { TestContext } from 'node:test';
import { startRudeSmtp } from '../../src/lab/servers/rude-smtp.ts';
import { startSimMailgun } from '../../src/lab/sim/mailgun.ts';
import { startSink } from '../../src/lab/sim/sink.ts';
import { createMailgun } from '../../src/providers/mailgun/provider.ts';
import type { Outgoing, Provider } from '../../src/providers/provider.ts';
import { createSmtp } from '../../src/providers/smtp/provider.ts';
import { type BounceSettings, createReturnPath } from '../../src/providers/smtp/return-path.ts';
import { clockAt, MORNING } from '../support/clock.ts';
import { type ProviderWorld, providerContract, type Treatment } from '../support/provider-contract.ts';
import { postfix } from '../support/returned.ts';
import { openToy, TOY_SECRET } from '../support/toy/provider.ts';
import { sign, startToy, type ToyMood } from '../support/toy/server.ts';

const DOMAIN = 'mg.example.com';
const RECIPIENT = 'ann@example.net';
const MAIL: Outgoing = {
  messageId: '01MESSAGE',
  deliveryId: '01JD0000000000000000000000',
  attempt: 1,
  rfcMessageId: `m1@${DOMAIN}`,
  domain: DOMAIN,
  sender: `shop@${DOMAIN}`,
  recipient: RECIPIENT,
  deliverAt: null,
  usefulUntil: null,
  content: {
    mime: Buffer.from(`From: shop@${DOMAIN}\r\nTo: ${RECIPIENT}\r\nMessage-Id: <m1@${DOMAIN}>\r\n\r\nHi\r\n`),
  },
};

providerContract('Mailgun', { webhook: true, history: true }, async (t): Promise<ProviderWorld> => {
  const clock = clockAt();
  const sim = await startSimMailgun({ apiKey: 'key-test', signingKey: 'signing', domains: [DOMAIN], clock });
  t.after(sim.close);
  const provider = createMailgun({
    apiUrl: sim.url,
    apiKey: 'key-test',
    domains: [DOMAIN],
    signingKeys: ['signing'],
    allowedHosts: [new URL(sim.url).host],
    records: 'auto',
    timeout: 10_000,
    now: clock,
    monotonic: () => performance.now(),
  });
  t.after(provider.close);
  let ends = () => {};
  const treat = async (how: Treatment) => {
    ends();
    const as = (
      {
        takes: null,
        refuses: { status: 400 },
        'drops before': 'dropBeforeWork',
        'drops after': 'dropBeforeAnswer',
        'answers by half': 'dropMidAnswer',
        hangs: 'hang',
      } as const
    )[how];
    if (as !== null) ends = sim.misbehave(() => true, as);
  };
  const body = (signingKey: string, n: number) => {
    const timestamp = String(Math.floor(MORNING / 1000));
    const token = randomBytes(25).toString('hex');
    const signature = createHmac('sha256', signingKey)
      .update(timestamp + token)
      .digest('hex');
    const event = {
      event: 'delivered',
      id: `e${n}`,
      timestamp: MORNING / 1000,
      recipient: RECIPIENT,
      domain: { name: DOMAIN },
    };
    return Buffer.from(JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': event }));
  };
  const headers = { 'content-type': 'application/json' };
  const webhook = {
    now: MORNING,
    most: 1,
    genuine: (count: number) => ({ raw: body('signing', count), headers }),
    forged: () => ({ raw: body('another', 1), headers }),
  };
  return { provider, treat, mail: MAIL, webhook, copies: () => sim.handovers.length };
});

providerContract('SMTP', { webhook: false, history: false }, (t) => smtpWorld(t, null));

providerContract('SMTP with a way back', { webhook: true, history: false }, async (t) => {
  const bounces = { domain: 'bounces.example.com', keys: ['ab'.repeat(32)] };
  const world = await smtpWorld(t, bounces);
  const to = (attempt: number, keys = bounces.keys) =>
    createReturnPath({ ...bounces, keys }, world.provider.name).addressOf({ deliveryId: MAIL.deliveryId, attempt });
  const posted = (addresses: string[]) => ({
    raw: postfix({ to: addresses[0] ?? '', recipient: RECIPIENT }),
    headers: { 'x-envelope-to': addresses.join(', '), 'x-envelope-from': '<>' },
  });
  const webhook = {
    now: MORNING,
    most: 3,
    genuine: (count: number) => posted(Array.from({ length: count }, (_, n) => to(n + 1))),
    forged: () => posted([to(1, ['cd'.repeat(32)])]),
  };
  return { ...world, webhook };
});

async function smtpWorld(t: TestContext, bounces: BounceSettings | null): Promise<ProviderWorld> {
  const modes = {
    refuses: 'refuse_554_after_dot',
    'drops before': 'drop_at_data',
    'drops after': 'drop_after_dot',
    'answers by half': 'partial_after_dot',
    hangs: 'no_banner',
  } as const;
  const good = await startSink();
  const rude = new Map<string, Awaited<ReturnType<typeof startRudeSmtp>>>();
  for (const [how, mode] of Object.entries(modes)) rude.set(how, await startRudeSmtp(mode));
  let server = good;
  let current = smtp(t, good.url, bounces);
  // An SMTP server has one nature, and a provider one server: what is spoken to is another each time.
  const provider: Provider = {
    ...current,
    handOver: (mail, until) => current.handOver(mail, until),
  };
  for (const one of [good, ...rude.values()]) t.after(one.close);
  return {
    provider,
    mail: MAIL,
    treat(how) {
      server = rude.get(how) ?? good;
      current = smtp(t, server.url, bounces);
    },
    copies: () => (server === rude.get('refuses') ? 0 : server.mails.length),
  };
}

function smtp(t: TestContext, url: string, bounces: BounceSettings | null): Provider {
  const provider = createSmtp(url, { lease: 20_000, bounces });
  t.after(provider.close);
  return provider;
}

providerContract(
  'a provider that nobody knows',
  { webhook: true, history: true },
  async (t): Promise<ProviderWorld> => {
    const toy = await startToy(clockAt());
    t.after(toy.close);
    const moods: Record<Treatment, ToyMood> = {
      takes: 'take',
      refuses: 'refuse',
      'drops before': 'drop before',
      'drops after': 'drop after',
      'answers by half': 'half an answer',
      hangs: 'hang',
    };
    const list = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ n, what: 'arrived', at: MORNING, id: 'x', ours: 'y', to: RECIPIENT }));
    const signed = (count: number, secret: string) => {
      const body = JSON.stringify(list(count));
      return { raw: Buffer.from(body), headers: { 'x-toy-signature': sign(body, secret) } };
    };
    const webhook = {
      now: MORNING,
      most: 500,
      genuine: (count: number) => signed(count, TOY_SECRET),
      forged: () => signed(1, 'another'),
    };
    return {
      provider: openToy(toy.url.replace('http:', 'toy:')),
      mail: MAIL,
      webhook,
      treat(how) {
        toy.mood = moods[how];
      },
      copies: () => toy.mails.length,
    };
  },
);

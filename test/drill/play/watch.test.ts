import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { MINUTE } from '../../../src/core/time.ts';
import type { Turn } from '../../../src/drill/judge/seen.ts';
import type { Cast } from '../../../src/drill/play/cast.ts';
import { startWatch } from '../../../src/drill/play/watch.ts';
import { listenOnLoopback } from '../../../src/lab/sim/listen.ts';
import { MORNING } from '../../support/clock.ts';

const turn = (state: string, share: number, seconds: number): Turn => ({ at: MORNING + seconds * 1000, state, share });

const TURNS = [
  turn('down', 0, 1),
  ...[1, 5, 25].map((share, n) => turn('recovering', share, 10 + n)),
  turn('healthy', 100, 15),
];

test('what became of the provider between two looks is told in full, each turn once', async (t) => {
  const standings = [turn('suspect', 100, 0), turn('down', 0, 1), turn('healthy', 100, 15)];
  let looked = 0;
  const answers: Record<string, () => unknown> = {
    '/api/queue': () => {
      const { state, share } = standings[Math.min(looked++, 2)] ?? turn('healthy', 100, 0);
      return { classes: {}, providers: state === 'healthy' ? [] : [{ name: 'mailgun', state, share }] };
    },
    '/api/outages': () => {
      const known = TURNS.slice(0, [0, 0, 1][looked] ?? TURNS.length);
      const evidence = known.map(({ at, ...rest }) => ({ at: new Date(at).toISOString(), ...rest }));
      return { outages: known.length === 0 ? [] : [{ provider: 'mailgun', evidence }] };
    },
  };
  const server = createServer(({ url = '' }, response) => {
    const answer = answers[url];
    response
      .writeHead(answer ? 200 : 503, { 'content-type': 'application/json' })
      .end(JSON.stringify(answer?.() ?? {}));
  });
  const { port, close } = await listenOnLoopback(server, 0);
  t.after(close);
  const told: string[] = [];
  const judged = { judgedAt: `http://127.0.0.1:${port}`, token: 'token' } as Cast;
  await new Promise<void>((allIsTold) => {
    const watch = startWatch(judged, {
      ...{ every: 1, patience: MINUTE, now: () => MORNING },
      tell: (_, says) => {
        told.push(says);
        if (says === 'gives Mailgun all mail') allIsTold();
      },
    });
    t.after(() => watch.stop());
  });
  assert.deepEqual(told, [
    'takes Mailgun for suspect',
    'takes Mailgun to be down',
    ...[1, 5, 25].map((share) => `gives Mailgun ${share} of 100 mails`),
    'gives Mailgun all mail',
  ]);
});

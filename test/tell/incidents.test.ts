// An incident is one conversation: it begins, goes on, is taken, climbs, and is over.
import assert from 'node:assert/strict';
import { DAY, HOUR, MINUTE, SECOND } from '../../src/core/time.ts';
import { acknowledgeIncident } from '../../src/operate/acknowledge.ts';
import { listIn } from '../../src/store/alerts.ts';
import { openIncidents } from '../../src/store/incidents.ts';
import { change } from '../../src/store/ledger/ledger.ts';
import { RECONCILED, setCursor } from '../../src/store/notes/cursors.ts';
import { at, clockAt, MORNING } from '../support/clock.ts';
import { ended, seed } from '../support/factory.ts';
import { eachStore } from '../support/stores.ts';
import { daemonOf, happens, ladder, listening, turnsOf } from '../support/tellers.ts';

const GAVE_UP = 'gave_up:mg.example.com';
const LADDER = ladder(['mail', 0], ['slack', 5 * MINUTE], ['sms', 15 * MINUTE]);
const THREE = ['mail', 'slack', 'sms'];

eachStore(
  'a thousand mails that are given up in a minute are one message, and one more when it is over',
  async (given) => {
    const { store } = given;
    const clock = clockAt();
    const to = listening();
    const daemon = daemonOf({ store, clock, to });
    const recipients = Array.from({ length: 1000 }, (_, n) => `p${n}@example.net`);
    const ids = (await seed(store, { recipients })).map((view) => view.id);
    for (let n = 0; n < 20; n++) {
      await change(store, ids.slice(50 * n, 50 * (n + 1)), clock(), () => [
        ended(1, clock(), 'abandoned', 'storage_gone'),
      ]);
      await daemon.until(clock() + 3 * SECOND);
    }
    await daemon.until(at(30));
    assert.deepEqual(turnsOf(to.heard), ['mail opened']);
    const [first] = to.heard;
    assert.deepEqual(
      [first?.count, first?.kind, first?.severity, first?.incident],
      [1000, 'gave_up', 'error', GAVE_UP],
    );
    assert.match(first?.subject ?? '', /^\[Homing\] 1 000 mails could not be delivered and were given up/);
    assert.equal((await store.db('alert_items').whereNull('alert_id')).length, 0);
    await daemon.until(at(120));
    assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail ended']);
    const last = to.heard[1];
    assert.equal(last?.conversation, first?.conversation);
    assert.match(
      last?.body ?? '',
      /began at 2026-11-25 09:00:00 UTC; the last was seen at 2026-11-25\s+09:00:57 UTC, 57 s later/,
    );
    assert.match(last?.body ?? '', /1 000 cases\s+in\s+all/);
    assert.deepEqual([last?.count, last?.startedAt, last?.endedAt], [1000, MORNING, MORNING + 57 * SECOND]);
  },
);

eachStore('what goes on is told with pauses that double, up to a day', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  for (let n = 0; n < 300; n++) {
    await happens(daemon, GAVE_UP, 'gave_up', `mail ${n}`);
    for (let m = 0; m < 10; m++) {
      await daemon.look();
      clock.advance(MINUTE);
    }
  }
  const times = to.heard.map(({ createdAt }) => createdAt - MORNING);
  const pauses = times.slice(1).map((time, i) => Math.round((time - (times[i] ?? 0)) / MINUTE));
  assert.deepEqual(pauses, [15, 30, 60, 120, 240, 480, 960]);
  assert.deepEqual(new Set(turnsOf(to.heard.slice(1))), new Set(['mail repeated']));
  assert.equal(new Set(to.heard.map(({ conversation }) => conversation)).size, 1);
  const told = to.heard.reduce((sum, { count }) => sum + count, 0);
  const left = await store.db('alert_items').whereNull('alert_id');
  assert.equal(told + left.length, 300, 'each is told once');
});

eachStore('of what happened once nobody is told how long it took', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  await happens(daemon, GAVE_UP, 'gave_up', 'mail 1');
  await daemon.until(at(24 * 60));
  const last = to.heard.at(-1);
  assert.equal(last?.turn, 'ended');
  assert.match(last?.subject ?? '', /^\[Homing\] over: /);
  assert.match(last?.body ?? '', /It began at [\d: -]+ UTC, and\s+nothing\s+was\s+seen\s+since:\s+1\s+case\s+in\s+all/);
});

eachStore('what lasts is told again although nothing is added, until it is seen to be over', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  await happens(daemon, 'reconciler_silent', 'reconciler_silent', 'It last finished never.');
  await daemon.until(at(50));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail repeated', 'mail repeated']);
  assert.match(to.heard[1]?.subject ?? '', /^\[Homing\] still: the reconciler has not run$/);
  await setCursor(store, RECONCILED, '', at(40));
  await daemon.look();
  const last = to.heard.at(-1);
  assert.deepEqual([last?.turn, last?.endedAt, last?.severity], ['ended', at(40), 'critical']);
  assert.match(last?.subject ?? '', /over after 40 min/);
  assert.deepEqual(await openIncidents(store), []);
});

eachStore('a provider that is back ends what was told of it, and is no alert of its own', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  await happens(daemon, 'provider_down:mailgun', 'provider_down', 'mailgun: 20 hand-overs failed.');
  await daemon.until(at(10));
  await happens(daemon, 'provider_back:mailgun', 'provider_back', 'mailgun: 5 probes went well.');
  await daemon.until(at(12));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail ended']);
  assert.match(to.heard[1]?.subject ?? '', /over after 10 min: a provider that was down is back \(mailgun\)$/);
  assert.match(to.heard[1]?.body ?? '', /after\s+10 min[\s\S]*5 probes went well/);
  assert.equal((await store.db('alert_items').whereNull('alert_id')).length, 0);
});

eachStore('what comes again within a day goes on as one conversation that says it is flapping', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  for (let n = 0; n < 20; n++) {
    await happens(daemon, 'provider_down:mailgun', 'provider_down');
    await daemon.until(clock() + 5 * MINUTE);
    await happens(daemon, 'provider_back:mailgun', 'provider_back');
    await daemon.until(clock() + 5 * MINUTE);
  }
  assert.equal(new Set(to.heard.map(({ conversation }) => conversation)).size, 1);
  assert.ok(to.heard.length <= 10, `${to.heard.length} messages for 20 times`);
  const flapping = to.heard.filter(({ body }) => /flapping: it came\s+again/.test(body));
  assert.ok(flapping.length >= 3);
  await daemon.until(clock() + 2 * HOUR);
  const last = to.heard.at(-1);
  assert.equal(last?.turn, 'ended');
  assert.match(last?.body ?? '', /came again 19 times since\s+2026-11-25\s+09:00:00\s+UTC/);
  clock.advance(DAY + HOUR);
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(clock() + MINUTE);
  assert.notEqual(to.heard.at(-1)?.conversation, last?.conversation, 'after a day it is another');
});

eachStore('each rung of the ladder hears of what nobody takes, and of its end', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  await happens(daemon, 'provider_down:mailgun', 'provider_down', 'mailgun: down');
  await daemon.until(at(20));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'slack opened', 'sms opened']);
  const minutes = to.heard.map(({ createdAt }) => Math.floor((createdAt - MORNING) / MINUTE));
  assert.deepEqual(minutes, [0, 5, 15]);
  assert.match(to.heard[2]?.body ?? '', /^Nobody has taken this since 2026-11-25 09:00:30 UTC\.\n\nA provider is down/);
  await daemon.until(at(40));
  assert.deepEqual(turnsOf(to.heard.slice(3)), ['mail repeated', 'slack repeated', 'sms repeated']);
  await happens(daemon, 'provider_back:mailgun', 'provider_back');
  await daemon.until(at(41));
  assert.deepEqual(turnsOf(to.heard.slice(6)), ['mail ended', 'slack ended', 'sms ended']);
});

eachStore('what is of no hurry does not climb', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  await happens(daemon, 'saved:mg.example.com', 'saved');
  await daemon.until(at(40));
  assert.deepEqual(turnsOf(to.heard), ['mail opened']);
});

eachStore('when somebody has taken it the ladder stops, and so do the alerts', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  await happens(daemon, GAVE_UP, 'gave_up');
  await daemon.until(at(6));
  const [open] = await openIncidents(store);
  const taken = await acknowledgeIncident(store, { id: open?.id ?? '', who: 'ann' }, clock());
  assert.deepEqual([taken?.isNew, taken?.incident.acknowledgedBy], [true, 'ann']);
  const again = await acknowledgeIncident(store, { id: open?.id ?? '', who: 'bob' }, clock());
  assert.deepEqual([again?.isNew, again?.incident.acknowledgedBy], [false, 'ann'], 'the first one stands');
  for (let n = 0; n < 8; n++) {
    await happens(daemon, GAVE_UP, 'gave_up');
    await daemon.until(clock() + 10 * MINUTE);
  }
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'slack opened', 'mail acknowledged', 'slack acknowledged']);
  assert.match(to.heard[2]?.subject ?? '', /^\[Homing\] taken by ann: 1 mail could not be delivered/);
  await daemon.until(clock() + 2 * HOUR);
  assert.deepEqual(turnsOf(to.heard.slice(4)), ['mail ended', 'slack ended']);
  assert.equal(to.heard[5]?.count, 9);
  assert.deepEqual(await store.db('audit').select('who', 'what', 'subject'), [
    { who: 'ann', what: 'acknowledge', subject: GAVE_UP },
  ]);
});

eachStore(
  'what gets ten times as bad after somebody took it, or hits mail of another class, is told again',
  async ({ store }) => {
    const clock = clockAt();
    const to = listening();
    const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
    const abandon = async (name: string, kind: 'notice' | 'access', domain: string) => {
      const [view] = await seed(store, { messageId: `${name}@${domain}`, class: kind, domain, facts: [] }, clock());
      await change(store, [view?.id ?? ''], clock(), () => [ended(0, clock(), 'abandoned', 'storage_gone')]);
    };
    await abandon('1', 'notice', 'mg.example.com');
    await abandon('1', 'notice', 'other.example.com');
    await daemon.until(at(2));
    for (const { id } of await openIncidents(store)) await acknowledgeIncident(store, { id, who: 'ann' }, clock());
    await daemon.look();
    const before = to.heard.length;
    for (let n = 2; n <= 9; n++) await abandon(`${n}`, 'notice', 'mg.example.com');
    await daemon.until(at(10));
    assert.equal(to.heard.length, before, 'nine times as many are not enough');
    await abandon('10', 'notice', 'mg.example.com');
    await abandon('11', 'access', 'other.example.com');
    await daemon.until(at(16));
    const told = to.heard.slice(before);
    assert.deepEqual(turnsOf(told).sort(), ['mail repeated', 'mail repeated', 'slack opened', 'slack opened']);
    assert.match(told[0]?.subject ?? '', /much worse/);
    assert.match(told[0]?.body ?? '', /since ann took it/);
    const access = told.find(({ incident }) => incident === 'gave_up:other.example.com');
    assert.equal(access?.severity, 'critical');
    assert.deepEqual(
      (await openIncidents(store)).map(({ acknowledgedAt }) => acknowledgedAt),
      [null, null],
    );
  },
);

eachStore('what comes each day as one conversation is told again as soon as what is new', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  for (let day = 0; day < 8; day++) {
    await happens(daemon, GAVE_UP, 'gave_up');
    await daemon.until(clock() + MINUTE);
    clock.advance(2 * HOUR);
    await daemon.look();
    clock.advance(20 * HOUR);
  }
  const before = to.heard.length;
  const start = clock();
  for (let n = 0; n < 7; n++) {
    await happens(daemon, GAVE_UP, 'gave_up');
    await daemon.until(clock() + 10 * MINUTE);
  }
  const told = to.heard.slice(before);
  assert.deepEqual(turnsOf(told), ['mail opened', 'mail repeated', 'mail repeated']);
  assert.deepEqual(
    told.map(({ createdAt }) => Math.floor((createdAt - start) / MINUTE)),
    [0, 15, 45],
  );
  assert.equal(new Set(to.heard.map(({ conversation }) => conversation)).size, 1);
});

eachStore('what gets ten times as bad, or hits mail of another class, waits for no pause', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  const abandon = async (name: string, kind: 'notice' | 'access', domain: string) => {
    const [view] = await seed(store, { messageId: `${name}@${domain}`, class: kind, domain, facts: [] }, clock());
    await change(store, [view?.id ?? ''], clock(), () => [ended(0, clock(), 'abandoned', 'storage_gone')]);
  };
  await abandon('1', 'notice', 'mg.example.com');
  await abandon('1', 'notice', 'other.example.com');
  await daemon.until(at(6));
  const before = to.heard.length;
  for (let n = 2; n <= 9; n++) await abandon(`${n}`, 'notice', 'other.example.com');
  await daemon.until(at(7));
  assert.equal(to.heard.length, before, 'nine times as many are not enough');
  await abandon('10', 'notice', 'other.example.com');
  await abandon('2', 'access', 'mg.example.com');
  await daemon.until(at(8));
  const told = to.heard.slice(before);
  const turns = ['mail repeated', 'slack repeated'];
  assert.deepEqual(turnsOf(told).sort(), [turns[0], turns[0], turns[1], turns[1]], 'by all who heard of it');
  assert.ok(told.every(({ subject }) => /much worse/.test(subject)));
  assert.match(told[0]?.body ?? '', /got worse by far since it was told/);
  const [access] = told.filter(({ incident }) => incident === GAVE_UP);
  assert.deepEqual([access?.severity, access?.count], ['critical', 1]);
  await daemon.until(at(17));
  assert.deepEqual(turnsOf(to.heard.slice(before + 4)), ['sms opened', 'sms opened'], 'the ladder goes on');
});

eachStore('when the first three channels are down the fourth is told at once, and of the others', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const steps = ladder(['mail', 0], ['slack', 5 * MINUTE], ['sms', 15 * MINUTE], ['pagerduty', 30 * MINUTE]);
  const daemon = daemonOf({ store, clock, to, ladder: steps }, [...THREE, 'pagerduty']);
  for (const name of THREE) to.down.add(name);
  await happens(daemon, GAVE_UP, 'gave_up');
  await daemon.until(at(1));
  assert.deepEqual(turnsOf(to.heard), ['pagerduty opened']);
  assert.match(to.heard[0]?.body ?? '', /Not everybody could be told of this\. mail: it does not answer; slack: /);
  const [row] = await store.db('alerts').select('pending', 'error');
  assert.deepEqual([row.pending, /^mail: /.test(row.error)], [0, true]);
  to.down.clear();
  await daemon.until(at(20));
  assert.equal(to.heard.length, 1, 'it stands at the top of the ladder');
});

eachStore('a top of the ladder that nobody answers at keeps no incident from going on', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  to.down.add('sms');
  await happens(daemon, GAVE_UP, 'gave_up');
  await daemon.until(at(20));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'slack opened', 'slack opened']);
  assert.match(to.heard[2]?.body ?? '', /Not everybody could be told of this\. sms: it does not answer/);
  await happens(daemon, GAVE_UP, 'gave_up');
  await daemon.until(at(60));
  assert.ok(turnsOf(to.heard).includes('mail repeated'), turnsOf(to.heard).join());
});

eachStore('without a ladder the first channel that takes it is enough, in their order', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to }, ['mx.example:25', 'mx2.example:25', 'slack', 'webhook']);
  for (const name of ['mx.example:25', 'mx2.example:25', 'slack']) to.down.add(name);
  await happens(daemon, GAVE_UP, 'gave_up');
  await daemon.until(at(5));
  assert.deepEqual(turnsOf(to.heard), ['webhook opened']);
});

eachStore('what no channel takes is tried again until one does, and nothing more is told before', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  for (const name of THREE) to.down.add(name);
  await happens(daemon, GAVE_UP, 'gave_up');
  await daemon.until(at(30));
  assert.deepEqual(to.heard, []);
  assert.equal((await store.db('alerts')).length, 1);
  to.down.delete('sms');
  await daemon.until(at(70));
  assert.deepEqual(turnsOf(to.heard).slice(0, 1), ['sms opened']);
});

eachStore('a channel that the alert warns about is left out as long as there are others', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, ['smtp.example:25', 'slack', 'sms']);
  await happens(daemon, 'account_refused:smtp.example:25', 'account_refused');
  await daemon.until(at(1));
  assert.deepEqual(turnsOf(to.heard), ['slack opened']);
  const alone = daemonOf({ store, clock, to }, ['smtp.example:25']);
  await happens(alone, 'account_refused:smtp.example:25', 'account_refused');
  await alone.until(at(40));
  assert.equal(to.heard.at(-1)?.by, 'smtp.example:25', 'when there is no other it is used');
});

eachStore('of bulk mail nobody is told in quiet hours, and of all other mail they are', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, isQuiet: (now) => now < at(120) });
  for (const [kind, domain] of [
    ['bulk', 'bulk.example'],
    ['access', 'access.example'],
  ] as const) {
    const [view] = await seed(store, { messageId: `1@${domain}`, class: kind, domain, facts: [] }, clock());
    await change(store, [view?.id ?? ''], clock(), () => [ended(0, clock(), 'abandoned', 'storage_gone')]);
  }
  await store.db('alert_items').insert({
    ...{ item_key: 'bulk', incident: 'gave_up:bulk.example', kind: 'gave_up', class: 'bulk', at: clock() },
  });
  await daemon.until(at(30));
  assert.deepEqual(
    to.heard.map(({ incident, severity }) => [incident, severity]),
    [['gave_up:access.example', 'critical']],
  );
  await daemon.until(at(121));
  const bulk = to.heard.filter(({ incident }) => incident === 'gave_up:bulk.example');
  assert.deepEqual(
    bulk.map(({ turn, severity, createdAt }) => [turn, severity, createdAt]),
    [['opened', 'warning', at(120)]],
  );
});

eachStore(
  'a daemon that is started anew goes on where the other stopped, and two of them tell each thing once',
  async (given) => {
    const { store, open } = given;
    const clock = clockAt();
    const to = listening();
    const made = () => daemonOf({ store: open(), clock, to, ladder: LADDER }, THREE);
    const first = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
    await happens(first, 'provider_down:mailgun', 'provider_down');
    await first.until(at(3));
    // The first one has died. Two others look at the same moments.
    const others = [made(), made()];
    for (; clock() < at(50); clock.advance(15 * SECOND)) await Promise.all(others.map((one) => one.look()));
    await happens(first, 'provider_back:mailgun', 'provider_back');
    for (; clock() < at(52); clock.advance(15 * SECOND)) await Promise.all(others.map((one) => one.look()));
    const turns = ['opened', 'repeated', 'ended'].map((turn) => THREE.map((by) => `${by} ${turn}`));
    assert.deepEqual(turnsOf(to.heard).sort(), turns.flat().sort());
    assert.equal(new Set(to.heard.map(({ id, by }) => `${id} ${by}`)).size, 9);
  },
);

eachStore(
  'those who could not be told that it is over are told when they can be, and the others once',
  async ({ store }) => {
    const clock = clockAt();
    const to = listening();
    const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
    await happens(daemon, 'provider_down:mailgun', 'provider_down');
    await daemon.until(at(6));
    to.down.add('mail');
    await happens(daemon, 'provider_back:mailgun', 'provider_back');
    await daemon.until(at(10));
    assert.deepEqual(turnsOf(to.heard), ['mail opened', 'slack opened', 'slack ended']);
    to.down.clear();
    await daemon.until(at(30));
    assert.deepEqual(turnsOf(to.heard.slice(3)), ['mail ended']);
    const [kept] = await store.db('incidents').select('heard');
    assert.deepEqual(listIn(kept.heard).sort(), ['mail', 'slack']);
  },
);

eachStore(
  'what comes again before everybody heard of its end is not called over to them, and its next end is',
  async ({ store }) => {
    const clock = clockAt();
    const to = listening();
    const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
    await happens(daemon, 'provider_down:mailgun', 'provider_down');
    await daemon.until(at(6));
    to.down.add('slack');
    await happens(daemon, 'provider_back:mailgun', 'provider_back');
    await daemon.until(at(10));
    await happens(daemon, 'provider_down:mailgun', 'provider_down');
    await daemon.until(at(12));
    to.down.clear();
    await daemon.until(at(14));
    const turns = ['mail opened', 'slack opened', 'mail ended', 'mail opened'];
    assert.deepEqual(turnsOf(to.heard), turns);
    await happens(daemon, 'provider_back:mailgun', 'provider_back');
    await daemon.until(at(16));
    assert.deepEqual(turnsOf(to.heard), [...turns, 'mail ended', 'slack ended']);
    assert.deepEqual(await store.db('alerts').where({ pending: 1 }), []);
  },
);

eachStore('that somebody has taken it is not told once it is over', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(at(6));
  to.down.add('slack');
  const [open] = await openIncidents(store);
  await acknowledgeIncident(store, { id: open?.id ?? '', who: 'ann' }, clock());
  await daemon.until(at(8));
  await happens(daemon, 'provider_back:mailgun', 'provider_back');
  await daemon.until(at(9));
  to.down.clear();
  await daemon.until(at(30));
  assert.deepEqual(turnsOf(to.heard), [
    'mail opened',
    'slack opened',
    'mail acknowledged',
    'mail ended',
    'slack ended',
  ]);
});

eachStore('those up the ladder who could not be told do not hear of what somebody has taken', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(at(1));
  for (const name of THREE) to.down.add(name);
  await daemon.until(at(6));
  const [open] = await openIncidents(store);
  await acknowledgeIncident(store, { id: open?.id ?? '', who: 'ann' }, clock());
  to.down.clear();
  await daemon.until(at(20));
  assert.deepEqual(turnsOf(to.heard), ['mail opened', 'mail acknowledged']);
});

eachStore('what goes down again after the clock was set back is told', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  for (let n = 0; n < 4; n++) {
    await happens(daemon, 'provider_down:mailgun', 'provider_down');
    await daemon.until(clock() + 5 * MINUTE);
    await happens(daemon, 'provider_back:mailgun', 'provider_back');
    await daemon.until(clock() + MINUTE);
  }
  const [flapping] = await openIncidents(store);
  assert.ok(flapping && flapping.overAt !== null, 'it is over, which is not told yet');
  clock.advance(-DAY);
  await daemon.look();
  clock.advance(SECOND);
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await daemon.until(clock() + MINUTE);
  const [open] = await openIncidents(store);
  assert.equal(open?.overAt, null, 'it goes on');
  const before = to.heard.length;
  await daemon.until(clock() + HOUR);
  assert.ok(turnsOf(to.heard.slice(before)).includes('mail repeated'));
});

eachStore('what was told before the clock was set back ends when it is over by the new time', async ({ store }) => {
  const clock = clockAt();
  const to = listening();
  const daemon = daemonOf({ store, clock, to });
  await happens(daemon, GAVE_UP, 'gave_up');
  await happens(daemon, 'provider_down:mailgun', 'provider_down');
  await happens(daemon, 'reconciler_silent', 'reconciler_silent');
  await daemon.until(at(5));
  clock.advance(-DAY);
  await daemon.look();
  clock.advance(MINUTE);
  await happens(daemon, 'provider_back:mailgun', 'provider_back');
  await setCursor(store, RECONCILED, '', clock());
  await daemon.until(clock() + MINUTE);
  assert.deepEqual(
    to.heard
      .filter(({ turn }) => turn === 'ended')
      .map(({ kind }) => kind)
      .sort(),
    ['provider_down', 'reconciler_silent'],
  );
  await daemon.until(clock() + 2 * HOUR);
  assert.deepEqual(await openIncidents(store), []);
});

eachStore(
  'an alert that a daemon of an earlier version made is told, and its items are told once',
  async ({ store }) => {
    const clock = clockAt();
    const to = listening();
    const daemon = daemonOf({ store, clock, to, ladder: LADDER }, THREE);
    await store
      .db('alert_items')
      .insert({ item_key: 'a', incident: GAVE_UP, kind: 'gave_up', at: clock(), alert_id: 'old' });
    await store.db('alerts').insert({
      ...{ id: 'old', incident: GAVE_UP, count: 1, subject: 's', body: 'b', avoid: '[]', created_at: clock() },
      ...{ pending: 1, due_at: clock(), tries: 0 },
    });
    await daemon.until(at(20));
    assert.deepEqual(
      to.heard.map(({ id, by, turn, conversation, kind }) => [id, by, turn, conversation, kind]),
      [['old', 'mail', 'opened', GAVE_UP, 'gave_up']],
    );
  },
);

import type { Command } from 'commander';
import type { EndpointHistory } from '../contract/event.ts';
import type { OutgoingEvent } from '../core/outgoing.ts';
import type { Ms } from '../core/time.ts';
import { EXIT, Failed, paint, plural, printable, say, sayJson, type Terminal, wrapped } from './common/terminal.ts';

const EXAMPLES = `
Events tell applications what has become of their mail: they are posted to the
endpoints of EVENTS_WEBHOOK_URL, which are numbered from 1. A replay posts them
once more, under the same ids.

Examples:
  homing events list --since 2h
  homing events endpoints
  homing events replay --since 2026-11-25T09:00:00Z --endpoint 1
  homing events enable 1`;

type Json = { json?: boolean };

export function addEventsCommand(program: Command, terminal: Terminal): void {
  const command = program
    .command('events')
    .description('show what applications are told of their mail, and tell them again')
    .addHelpText('after', EXAMPLES);
  command
    .command('list')
    .description('list events, oldest first')
    .option('--since <time>', 'how far back, such as 2h, or a time', '1h')
    .option('--json', 'print one line of JSON for each, as it is posted')
    .action((options: Json & { since: string }) => list(terminal, options));
  command
    .command('endpoints')
    .description('show how it goes with each endpoint, and its last tries')
    .option('--json', 'print the same as the API answers')
    .action((options: Json) => histories(terminal, options));
  command
    .command('replay')
    .description('post events once more')
    .requiredOption('--since <time>', 'how far back, such as 2h, or a time')
    .option('--endpoint <number>', 'only to this one')
    .option('--json', 'print how many as JSON')
    .action((options: Json & { since: string; endpoint?: string }) => again(terminal, options));
  command
    .command('enable')
    .description('post to an endpoint again that was disabled')
    .argument('<number>')
    .action((number: string) => enable(terminal, number));
}

async function since(terminal: Terminal, text: string): Promise<Ms> {
  const { parseDuration } = await import('../base/duration.ts');
  const { parseMoment } = await import('../base/moment.ts');
  const length = parseDuration(text);
  const at = length === null ? parseMoment(text) : terminal.now() - length;
  if (at !== null) return at;
  throw new Failed('error: --since must be a length such as 2h, or a time such as 2026-11-25T09:00:00Z', EXIT.usage);
}

function numberIn(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new Failed('error: an endpoint is named by its number in EVENTS_WEBHOOK_URL', EXIT.usage);
}

const PAGE = 200;

async function list(terminal: Terminal, options: Json & { since: string }): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { eventsSince } = await import('../store/events.ts');
  const { shownEvent } = await import('../core/outgoing.ts');
  const from = await since(terminal, options.since);
  await withStore(terminal, async (store) => {
    const until = terminal.now() + 1;
    let after: OutgoingEvent | null = null;
    for (let count = 0; ; ) {
      const found: OutgoingEvent[] = await eventsSince(store, { since: from, until, after, limit: PAGE });
      for (const one of found) {
        if (options.json) sayJson(terminal, shownEvent(one), 'line');
        else say(terminal, await lineOf(one));
      }
      count += found.length;
      after = found.at(-1) ?? null;
      if (found.length < PAGE || after === null) {
        if (count === 0 && !options.json) say(terminal, 'Nothing that applications are told of.');
        return;
      }
    }
  });
}

async function lineOf({ at, kind, recipient, messageId, reason }: OutgoingEvent): Promise<string> {
  const { timeWords } = await import('../core/words/numbers.ts');
  return `${timeWords(at)}  ${kind}${reason === null ? '' : ` (${printable(reason)})`}  ${printable(recipient)}  ${messageId}`;
}

async function histories(terminal: Terminal, { json }: Json): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { endpointHistories, shownHistory } = await import('../contract/event.ts');
  await withStore(terminal, async (store) => {
    const all = await endpointHistories(store, 10);
    if (json) return sayJson(terminal, { endpoints: all.map(shownHistory) });
    if (all.length === 0) say(terminal, 'Events are posted nowhere: EVENTS_WEBHOOK_URL is not set.');
    for (const one of all) say(terminal, ...(await linesOf(terminal, one)));
  });
}

async function linesOf(terminal: Terminal, { endpoint, state, waiting, tries }: EndpointHistory): Promise<string[]> {
  const { timeWords } = await import('../core/words/numbers.ts');
  const { eventId } = await import('../core/outgoing.ts');
  const { place, host, failingSince, disabledWhy } = endpoint;
  const how = state === 'failing' && failingSince !== null ? `failing since ${timeWords(failingSince)}` : state;
  return [
    `${paint(terminal, 'bold', `${place}  ${host}`)}  ${how}, ${plural(waiting.n, 'event waits', 'events wait')}`,
    ...(disabledWhy === null ? [] : [wrapped('  ', disabledWhy)]),
    ...tries.map((one) => {
      const said = [one.status, one.detail].filter((part) => part !== null).join(' ');
      return wrapped('    ', `${timeWords(one.triedAt)} ${eventId(one.event)} ${one.state} ${said} (${one.took} ms)`);
    }),
  ];
}

async function again(terminal: Terminal, options: Json & { since: string; endpoint?: string }): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { replay } = await import('../operate/events.ts');
  const from = await since(terminal, options.since);
  const endpoint = options.endpoint === undefined ? null : numberIn(options.endpoint);
  await withStore(terminal, async (store) => {
    const replayed = await replay(store, { since: from, endpoint }, operator(), terminal.now());
    if (options.json) return sayJson(terminal, { replayed });
    say(terminal, `${plural(replayed, 'event is', 'events are')} posted once more.`);
  });
}

async function enable(terminal: Terminal, text: string): Promise<void> {
  const { withStore } = await import('./common/database.ts');
  const { operator } = await import('./common/message.ts');
  const { enableEndpoint } = await import('../operate/events.ts');
  const number = numberIn(text);
  await withStore(terminal, async (store) => {
    const { host } = await enableEndpoint(store, number, operator(), terminal.now());
    say(terminal, `Events are posted to ${host} again, at first those that have waited.`);
  });
}

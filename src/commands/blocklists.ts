import type { Command } from 'commander';
import type { ListingBody } from '../core/words/care.ts';
import type { Kept } from '../store/care.ts';
import { EXIT, paint, plural, printable, say, sayJson, type Terminal } from './common/terminal.ts';

const EXAMPLES = `
Asks blocklists about the IP addresses that mail left from in the last days, and
those of the account. Daemons do so once a day, and tell what has changed. A
list is believed when it lists its test entry and nothing else; one that is not,
that refuses to answer or is silent is blind: neither listed nor clear. Exits 1
when an address is listed.

Examples:
  homing blocklists
  homing blocklists --json | jq '.listings[] | select(.state != "clear")'`;

type Options = { patience: string; json?: boolean };

export function addBlocklistsCommand(program: Command, terminal: Terminal): void {
  program
    .command('blocklists')
    .description('ask blocklists about the IP addresses that mail leaves from')
    .option('--patience <duration>', 'how long to wait for each answer', '6s')
    .option('--json', 'print what they say as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Options) => blocklists(terminal, options));
}

async function blocklists(terminal: Terminal, options: Options): Promise<void> {
  const { withCare } = await import('./common/care.ts');
  const { lookAtBlocklists } = await import('../care/look-at-blocklists.ts');
  const { ZONES_DATE } = await import('../core/care/zones.ts');
  const found = (await withCare(terminal, options, lookAtBlocklists)).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const of = (state: string) => found.filter((one) => one.state === state);
  const [listed, blind, clear] = [of('listed'), of('blind'), of('clear')];
  const counts = { listed: listed.length, blind: blind.length, clear: clear.length };
  if (options.json) sayJson(terminal, { zonesOf: ZONES_DATE, ...counts, listings: found.map(shown) });
  else {
    const { blindWords, listedWords } = await import('../core/words/care.ts');
    const addresses = new Set(found.map(({ body }) => body.ip)).size;
    say(
      terminal,
      ...listed.map((one) => `${paint(terminal, 'red', 'listed  ')} ${printable(listedWords(one.body, one))}.`),
      ...blind.map(({ body }) => `${paint(terminal, 'yellow', 'blind   ')} ${printable(blindWords(body))}.`),
      ...clear.map(({ body }) => `${paint(terminal, 'green', 'clear   ')} ${printable(`${body.ip} at ${body.zone}`)}.`),
      ...(found.length > 0 ? [''] : []),
      `${plural(addresses, 'address', 'addresses')}: ${counts.listed} listed, ${counts.blind} blind, ${counts.clear} clear.`,
    );
  }
  if (listed.length > 0) terminal.exitCode = EXIT.failed;
}

function shown({ state, body, since, wellAt, lookedAt }: Kept<ListingBody>) {
  const at = (moment: number | null) => (moment === null ? null : new Date(moment).toISOString());
  const { ip, zone, codes, why, removal, weight, mails, cost } = body;
  return {
    ...{ ip, zone, state, codes, why, removal, weight, reports: mails },
    ...{ since: state === 'blind' ? null : at(since), lastClear: at(wellAt), lookedAt: at(lookedAt) },
    cost: cost === null ? null : { ...cost, since: at(cost.since) },
  };
}

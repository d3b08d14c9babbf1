import type { Command } from 'commander';
import { say, sayJson, type Terminal } from '../common/terminal.ts';

const HELP = `
Whoever takes an incident keeps others from being told of it, until it is over
or gets worse by far: ten times as much, or mail of a more urgent class.

Examples:
  homing alerts ack gave_up:mg.example.com
  homing alerts ack 01KB2X7Q9T4M3N5P6R8S0V1W2Y --by ann`;

type Options = { by?: string; json?: boolean };

export function addAck(alerts: Command, terminal: Terminal): void {
  alerts
    .command('ack')
    .description('take an incident, so that nobody else is told of it')
    .argument('<id|name>', 'its id, or its name while it is open')
    .option('--by <name>', 'who takes it; by default the user of this machine')
    .option('--json', 'print the incident as JSON')
    .addHelpText('after', HELP)
    .action((name: string, options: Options) => ack(terminal, name, options));
}

async function ack(terminal: Terminal, name: string, { by, json }: Options): Promise<void> {
  const { withStore } = await import('../common/database.ts');
  const { operator } = await import('../common/message.ts');
  const { Failed } = await import('../common/terminal.ts');
  const { incidentNamed } = await import('../../store/incidents.ts');
  const { acknowledgeIncident } = await import('../../operate/acknowledge.ts');
  const { incidentLine } = await import('../../core/words/incidents.ts');
  const { shownIncident } = await import('../../contract/incident.ts');
  await withStore(terminal, async (store) => {
    const now = terminal.now();
    const found = await incidentNamed(store, name);
    const taken = found && (await acknowledgeIncident(store, { id: found.id, who: operator(), by }, now));
    if (!taken) throw new Failed('There is no such incident. "homing alerts list" shows those that are open.');
    if (taken.incident.endedAt !== null) throw new Failed(`${incidentLine(taken.incident, now)}.`);
    if (json) return sayJson(terminal, { ...shownIncident(taken.incident), isNew: taken.isNew });
    say(terminal, `${taken.isNew ? '' : 'It was taken before. '}${incidentLine(taken.incident, now)}.`);
  });
}

import type { Command } from 'commander';
import { paint, say, sayJson, type Terminal } from '../common/terminal.ts';

const EXAMPLES = `
An incident is open until its trouble is over, or nothing more of it comes.

Examples:
  homing alerts list
  homing alerts list --days 30 --json | jq '.ended[].name'`;

export function addList(alerts: Command, terminal: Terminal): void {
  alerts
    .command('list')
    .description('list the incidents that are open, and those that ended lately')
    .option('--days <number>', 'how far back', '7')
    .option('--json', 'print the same as the API answers')
    .addHelpText('after', EXAMPLES)
    .action((options: { days: string; json?: boolean }) => list(terminal, options));
}

async function list(terminal: Terminal, { days, json }: { days: string; json?: boolean }): Promise<void> {
  const { withStore } = await import('../common/database.ts');
  const { EXIT, Failed } = await import('../common/terminal.ts');
  const { endedIncidents, openIncidents } = await import('../../store/incidents.ts');
  const { incidentLine } = await import('../../core/words/incidents.ts');
  const { shownIncident } = await import('../../contract/incident.ts');
  const { DAY } = await import('../../core/time.ts');
  if (!/^[1-9]\d{0,2}$/.test(days)) throw new Failed('error: --days must be a whole number from 1 to 999', EXIT.usage);
  await withStore(terminal, async (store) => {
    const now = terminal.now();
    const open = await openIncidents(store, MOST);
    const ended = await endedIncidents(store, now - Number(days) * DAY, MOST);
    if (json) return sayJson(terminal, { open: open.map(shownIncident), ended: ended.map(shownIncident) });
    if (open.length === 0) say(terminal, 'No incident is open.');
    for (const one of [...open, ...ended])
      say(terminal, `${paint(terminal, 'bold', one.id)}  ${incidentLine(one, now)}`);
  });
}

const MOST = 200;

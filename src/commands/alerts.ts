import type { Command } from 'commander';
import { addAck } from './alerts/ack.ts';
import { addList } from './alerts/list.ts';
import { addSendTestCommand } from './alerts/send-test.ts';
import { addTestCommand } from './alerts/test.ts';
import type { Terminal } from './common/terminal.ts';

/** What there is to do about alerts; each in a file of its own. */
export function addAlertsCommand(program: Command, terminal: Terminal): void {
  const alerts = program
    .command('alerts')
    .description('show what administrators are told of, take it, and try ways and rules');
  for (const add of [addList, addAck, addSendTestCommand, addTestCommand]) add(alerts, terminal);
}

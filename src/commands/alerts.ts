import type { Command } from 'commander';
import { addSendTestCommand } from './alerts/send-test.ts';
import type { Terminal } from './common/terminal.ts';

/** What there is to do about alerts; each in a file of its own. */
export function addAlertsCommand(program: Command, terminal: Terminal): void {
  const alerts = program.command('alerts').description('look after the alerts');
  addSendTestCommand(alerts, terminal);
}

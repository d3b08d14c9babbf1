import type { Command } from 'commander';

type Options = { outage?: boolean; once?: boolean };

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('play the main job on loopback: a simulated Mailgun, a mail sink, no keys')
    .option('--outage', 'play an outage instead: a reset is asked for while Mailgun is down')
    .option('--once', 'end when the story has ended: exit 0 when all went as told, 1 otherwise')
    .action(async ({ outage, once }: Options) => {
      const stopping = new AbortController();
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
      const say = (line: string) => process.stdout.write(`${line}\n`);
      const play = outage ? (await import('../lab/demo/outage.ts')).playOutage : await mainJob();
      process.exitCode = (await play({ say, signal: stopping.signal }, !once)) ? 0 : 1;
    });
}

const mainJob = async () => (await import('../lab/demo/play.ts')).playDemo;

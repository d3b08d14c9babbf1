import type { Command } from 'commander';

export function addDemoCommand(program: Command): void {
  program
    .command('demo')
    .description('play the main job on loopback: a simulated Mailgun, a mail sink, no keys')
    .option('--once', 'end when the story has ended: exit 0 when all went as told, 1 otherwise')
    .action(async ({ once }: { once?: boolean }) => {
      const { playDemo } = await import('../lab/demo/play.ts');
      const stopping = new AbortController();
      for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
      const say = (line: string) => process.stdout.write(`${line}\n`);
      process.exitCode = (await playDemo({ say, signal: stopping.signal }, !once)) ? 0 : 1;
    });
}

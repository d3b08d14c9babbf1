import { startProxy } from './proxy.ts';

export type SilentProxy = {
  port: number;
  /** From now on not a byte gets through, in either direction, and no connection is closed: a firewall that drops. */
  silence(): void;
  /** New connections get through again. Those from before stay silent, as after a restart of the firewall. */
  restore(): void;
  /** How many connections were made so far. */
  made(): number;
  close(): Promise<void>;
};

/** Stands between a client and a server, and lets their connections die without a word. */
export async function startSilentProxy(target: number): Promise<SilentProxy> {
  const pairs = new Set<{ cut: boolean }>();
  let isSilent = false;
  let made = 0;
  const { port, close } = await startProxy(target, (client, upstream) => {
    made++;
    const pair = { cut: isSilent };
    pairs.add(pair);
    client.on('data', (data) => pair.cut || upstream.write(data));
    upstream.on('data', (data) => pair.cut || client.write(data));
    upstream.on('close', () => pair.cut || client.destroy());
  });
  return {
    port,
    silence() {
      isSilent = true;
      for (const pair of pairs) pair.cut = true;
    },
    restore() {
      isSilent = false;
    },
    made: () => made,
    close,
  };
}

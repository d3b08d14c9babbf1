import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { openStore, type Store } from '../../src/store/db/open.ts';
import { startProxy } from './proxy.ts';

export type LossyProxy = {
  port: number;
  /** The next COMMIT reaches the server, and its connection breaks before the reply comes back. */
  loseNextCommit(): void;
  /** The same with the next statement of this form, which is its own transaction. */
  loseNext(statement: RegExp): void;
  /** How many replies were lost. */
  lost(): number;
  close(): Promise<void>;
};

/** Stands between a client and a MySQL server, and loses replies to COMMIT on demand. */
async function startLossyProxy(target: number): Promise<LossyProxy> {
  const state: State = { loses: null, lost: 0 };
  const { port, close } = await startProxy(target, (client, upstream) => join(client, upstream, state));
  return {
    port,
    loseNextCommit: () => {
      state.loses = /^commit;?$/i;
    },
    loseNext: (statement) => {
      state.loses = statement;
    },
    lost: () => state.lost,
    close,
  };
}

type State = { loses: RegExp | null; lost: number };

function join(client: Socket, upstream: Socket, state: State): void {
  let cutting = false;
  client.on('data', (data) => {
    // A packet: three bytes of length, a number, then 3 for a query and its text.
    if (data[4] === 3 && state.loses?.test(data.subarray(5).toString())) {
      state.loses = null;
      cutting = true;
    }
    upstream.write(data);
  });
  upstream.on('data', (data) => {
    if (!cutting) return void client.write(data);
    state.lost++;
    client.destroy();
    upstream.destroy();
  });
  upstream.on('close', () => client.destroy());
}

/** A store that reaches its MySQL server through such a proxy. */
export async function lossyStore(t: TestContext, url: string): Promise<{ store: Store; proxy: LossyProxy }> {
  const proxy = await startLossyProxy(Number(new URL(url).port));
  return { store: storeThrough(t, url, proxy), proxy };
}

function storeThrough(t: TestContext, url: string, proxy: { port: number; close(): Promise<void> }): Store {
  const through = new URL(url);
  through.port = String(proxy.port);
  const store = openStore(through.href);
  t.after(async () => {
    await store.close();
    await proxy.close();
  });
  return store;
}

/** An error packet: 1213, and its words. */
const DEADLOCK = Buffer.concat([Buffer.from([0xff, 0xbd, 0x04]), Buffer.from('#40001Deadlock found')]);

export type RefusingStore = { store: Store; refuseNextCommit(): void };

/** A store whose server refuses a COMMIT that it has not even looked at: the transaction stays open. */
export async function refusingStore(t: TestContext, url: string): Promise<RefusingStore> {
  let refuses = false;
  const proxy = await startProxy(Number(new URL(url).port), (client, upstream) => {
    client.on('data', (data) => {
      if (!refuses || data[4] !== 3 || !/^commit;?$/i.test(data.subarray(5).toString()))
        return void upstream.write(data);
      refuses = false;
      client.write(Buffer.concat([Buffer.from([DEADLOCK.length, 0, 0, 1]), DEADLOCK]));
    });
    upstream.on('data', (data) => void client.write(data));
    upstream.on('close', () => client.destroy());
  });
  const store = storeThrough(t, url, proxy);
  const refuseNextCommit = () => {
    refuses = true;
  };
  return { store, refuseNextCommit };
}

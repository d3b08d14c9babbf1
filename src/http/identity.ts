import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../base/log.ts';
import type { Store } from '../store/db/open.ts';
import { identityOf, proofOf } from '../store/notes/identity.ts';
import { answer } from './answer.ts';
import { discard } from './body.ts';

const NONCE = /[?&]nonce=([0-9a-f]{32})(?:&|$)/;

/** Whether somebody asks which daemon this is, at the address of a webhook: `GET …?nonce=…`. */
export const asksIdentity = ({ method, url = '' }: IncomingMessage): boolean => method === 'GET' && NONCE.test(url);

/**
 * Answers with a proof that this is a daemon of its database. Whoever registers a webhook can make sure of that first, at the
 * very address that events are going to be posted to.
 */
export function createIdentity({ store, log }: { store: Store; log: Log }) {
  let identity: string | null = null;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    discard(request);
    try {
      identity ??= await identityOf(store);
    } catch (error) {
      log.error({ error }, 'the identity of the database can not be read');
    }
    const nonce = NONCE.exec(request.url ?? '')?.[1] ?? '';
    if (identity === null) answer(response, 503, { error: 'not now' }, { 'Retry-After': '30' });
    else answer(response, 200, { homing: proofOf(identity, nonce) });
  };
}

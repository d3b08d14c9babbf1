import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { Context } from 'koa';

/**
 * Answers with a text as it is made, as fast as it is read. What goes wrong before its first piece is there is thrown, and
 * answered as everywhere. When it can't be made to the end the connection breaks off, so that nobody takes a part for the
 * whole.
 */
export async function streamText(ctx: Context, text: AsyncIterable<string>): Promise<void> {
  const body = Readable.from(text);
  await once(body, 'readable');
  // Koa, our limits and the stream wait for its end, each in a few ways: Node takes more than ten for a leak.
  ctx.res.setMaxListeners(30);
  ctx.body = body;
}

import type { ServerResponse } from 'node:http';
import { safeJson } from '../core/safe-text.ts';

/** Headers of every answer that is data and not a page. */
export const JSON_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
};

/** A JSON answer without Koa. */
export function answer(
  response: ServerResponse,
  status: number,
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
): void {
  // As a text it leaves in one piece with the header.
  const text = safeJson(body);
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    ...JSON_HEADERS,
    ...headers,
  });
  response.end(text);
}

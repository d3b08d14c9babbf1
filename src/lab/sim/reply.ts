/** What a route answers, before anything is done to it on the wire. */
export type Reply = { status: number; headers: Record<string, string>; body: string | Buffer };

export function reply(body: unknown, status = 200): Reply {
  const headers = { 'Content-Type': 'application/json; charset=utf-8' };
  return { status, headers, body: JSON.stringify(body) };
}

export function refusal(status: number, message: string): Reply {
  return reply({ message }, status);
}

export function plainReply(status: number, body: string): Reply {
  return { status, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body };
}

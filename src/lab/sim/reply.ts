/** What a route answers, before anything is done to it on the wire. */
export type Reply = { status: number; headers: Record<string, string>; body: string | Buffer };

export const reply = (body: unknown, status = 200): Reply => ({
  status,
  headers: { 'Content-Type': 'application/json; charset=utf-8' },
  body: JSON.stringify(body),
});

export const refusal = (status: number, message: string): Reply => reply({ message }, status);

export const plain = (status: number, body: string): Reply => ({
  status,
  headers: { 'Content-Type': 'text/plain; charset=utf-8' },
  body,
});

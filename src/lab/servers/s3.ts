// A stand-in for a bucket of Amazon S3: it checks signatures (Signature Version 4, "Authenticating Requests: Using the
// Authorization Header") and digests (Content-MD5), and lists in pages, as the API reference says.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback } from '../sim/listen.ts';

export type SimBucket = {
  url: string;
  bucket: string;
  /** `id:secret`. */
  key: string;
  objects: Map<string, { body: Buffer; writtenAt: number }>;
  requests: string[];
  /** Answers with this error of S3, or cuts the connection, as long as it is there. */
  trouble: ((method: string, key: string) => { status: number; code: string } | 'cut' | null) | null;
  close(): Promise<void>;
};

const ID = 'AKIAOFTHELAB';
const SECRET = 'secret/of+the=lab';
/** Of S3 it is 1000. */
const PAGE = 5;

export async function startSimBucket(bucket = 'backups', region = 'us-east-1'): Promise<SimBucket> {
  const objects: SimBucket['objects'] = new Map();
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sim');
    const method = request.method ?? '';
    const [, named = '', ...rest] = pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    requests.push(`${method} ${key}`);
    const trouble = sim.trouble?.(method, key) ?? null;
    if (trouble === 'cut') return void request.socket.destroy();
    if (trouble) return refuse(response, trouble.status, trouble.code);
    if (!isSigned(request, body, region)) return refuse(response, 403, 'SignatureDoesNotMatch');
    if (named !== bucket) return refuse(response, 404, 'NoSuchBucket');
    const found = objects.get(key);
    if (method === 'PUT') {
      const digest = createHash('md5').update(body).digest('base64');
      if (request.headers['content-md5'] !== digest) return refuse(response, 400, 'BadDigest');
      objects.set(key, { body, writtenAt: Date.now() });
      return void response.writeHead(200).end();
    }
    if (method === 'DELETE') {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (key === '') return list(response, objects, searchParams);
    if (!found) return refuse(response, 404, 'NoSuchKey');
    response.writeHead(200, { 'content-length': found.body.length }).end(found.body);
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const sim: SimBucket = {
    ...{ url: `http://127.0.0.1:${port}`, bucket, key: `${ID}:${SECRET}`, objects, requests, close },
    trouble: null,
  };
  return sim;
}

const refuse = (response: ServerResponse, status: number, code: string): void =>
  xml(response, status, `<Error><Code>${code}</Code><Message>${code} as the lab has it</Message></Error>`);

const xml = (response: ServerResponse, status: number, body: string): void =>
  void response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?>\n${body}`);

function list(response: ServerResponse, objects: SimBucket['objects'], query: URLSearchParams): void {
  const after = query.get('continuation-token') ?? '';
  const most = Math.min(PAGE, Number(query.get('max-keys') ?? PAGE));
  const all = [...objects].filter(([key]) => key.startsWith(query.get('prefix') ?? '') && key > after).sort();
  const page = all.slice(0, most);
  const isCut = all.length > page.length;
  const contents = page.map(
    ([key, { body, writtenAt }]) =>
      `<Contents><Key>${key}</Key><Size>${body.length}</Size><LastModified>${new Date(writtenAt).toISOString()}</LastModified></Contents>`,
  );
  const next = isCut ? `<NextContinuationToken>${page.at(-1)?.[0]}</NextContinuationToken>` : '';
  xml(
    response,
    200,
    `<ListBucketResult><IsTruncated>${isCut}</IsTruncated>${next}${contents.join('')}</ListBucketResult>`,
  );
}

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const quoted = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function isSigned({ method, url = '', headers }: IncomingMessage, body: Buffer, region: string): boolean {
  const [, id, day, signedNames = '', signature = ''] =
    new RegExp(
      `^AWS4-HMAC-SHA256 Credential=([^/]+)/(\\d{8})/${region}/s3/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$`,
    ).exec(headers.authorization ?? '') ?? [];
  const time = String(headers['x-amz-date']);
  const payload = String(headers['x-amz-content-sha256']);
  if (id !== ID || day === undefined || !time.startsWith(day)) return false;
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha256(body)) return false;
  const names = signedNames.split(';');
  if (
    !names.includes('host') ||
    Object.keys(headers).some((name) => name.startsWith('x-amz-') && !names.includes(name))
  )
    return false;
  const { pathname, searchParams } = new URL(url, 'http://sim');
  const query = [...searchParams].map(([name, value]) => `${quoted(name)}=${quoted(value)}`).sort();
  const signed = names.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}\n`);
  const canonical = [method, pathname, query.join('&'), signed.join(''), signedNames, payload].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', time, `${day}/${region}/s3/aws4_request`, sha256(canonical)].join('\n');
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  return timingSafeEqual(hmac(key, toSign), Buffer.from(signature, 'hex'));
}

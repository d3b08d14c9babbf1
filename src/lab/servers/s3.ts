// A stand-in for a bucket of Amazon S3: it checks signatures (Signature Version 4, "Authenticating Requests: Using the
// Authorization Header") and digests (Content-MD5), takes uploads in parts, and lists in pages, as the API reference says.
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
  /** Uploads in parts that are under way, by their ids. */
  uploads: Map<string, Upload>;
  requests: string[];
  /** Answers with this error of S3, or cuts the connection, as long as it is there. */
  trouble:
    | ((method: string, key: string, query: URLSearchParams) => { status: number; code: string } | 'cut' | null)
    | null;
  close(): Promise<void>;
};

type Upload = { key: string; startedAt: number; parts: Map<number, Buffer> };

/** Bytes: what one PUT takes at most, and a part but the last at least (Amazon S3, "multipart upload limits"). */
export type Limits = { whole: number; part: number };
const LIMITS: Limits = { whole: 5 * 1024 ** 3, part: 5 * 1024 ** 2 };

const ID = 'AKIAOFTHELAB';
const SECRET = 'secret/of+the=lab';
/** Of S3 it is 1000. */
const PAGE = 5;

export async function startSimBucket(limits: Partial<Limits> = {}): Promise<SimBucket> {
  const [bucket, region] = ['backups', 'us-east-1'];
  const { whole, part } = { ...LIMITS, ...limits };
  const objects: SimBucket['objects'] = new Map();
  const requests: string[] = [];
  const uploads: SimBucket['uploads'] = new Map();
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sim');
    const method = request.method ?? '';
    const id = searchParams.get('uploadId');
    const [, named = '', ...rest] = pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    requests.push(`${method} ${key}`);
    const trouble = sim.trouble?.(method, key, searchParams) ?? null;
    if (trouble === 'cut') return void request.socket.destroy();
    if (trouble) return refuse(response, trouble.status, trouble.code);
    if (!isSigned(request, body, region)) return refuse(response, 403, 'SignatureDoesNotMatch');
    if (named !== bucket) return refuse(response, 404, 'NoSuchBucket');
    if (method === 'POST') {
      if (searchParams.has('uploads')) return begin(response, uploads, key);
      const bodies = partsOf(uploads.get(id ?? ''), body.toString(), part);
      if (typeof bodies === 'string') return refuse(response, bodies === 'NoSuchUpload' ? 404 : 400, bodies);
      objects.set(key, { body: Buffer.concat(bodies), writtenAt: Date.now() });
      uploads.delete(id ?? '');
      return completed(response, bodies);
    }
    if (method === 'DELETE' && id !== null) {
      if (!uploads.delete(id)) return refuse(response, 404, 'NoSuchUpload');
      return void response.writeHead(204).end();
    }
    const found = objects.get(key);
    if (method === 'PUT') {
      const digest = createHash('md5').update(body).digest('base64');
      if (request.headers['content-md5'] !== digest) return refuse(response, 400, 'BadDigest');
      if (body.length > whole) return refuse(response, 400, 'EntityTooLarge');
      if (id !== null) {
        const number = Number(searchParams.get('partNumber'));
        const problem = partProblem(uploads.get(id), number);
        if (problem !== null) return refuse(response, problem === 'NoSuchUpload' ? 404 : 400, problem);
        uploads.get(id)?.parts.set(number, body);
        return void response.writeHead(200, { etag: quotedMd5(body) }).end();
      }
      objects.set(key, { body, writtenAt: Date.now() });
      return void response.writeHead(200, { etag: quotedMd5(body) }).end();
    }
    if (method === 'DELETE') {
      objects.delete(key);
      return void response.writeHead(204).end();
    }
    if (key === '' && searchParams.has('uploads')) return listUploads(response, uploads, searchParams);
    if (key === '') return list(response, objects, searchParams);
    if (!found) return refuse(response, 404, 'NoSuchKey');
    response.writeHead(200, { 'content-length': found.body.length }).end(found.body);
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const sim: SimBucket = {
    ...{ url: `http://127.0.0.1:${port}`, bucket, key: `${ID}:${SECRET}`, objects, uploads, requests, close },
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

const md5 = (bytes: Buffer): Buffer => createHash('md5').update(bytes).digest();
const quotedMd5 = (bytes: Buffer): string => `"${md5(bytes).toString('hex')}"`;

function begin(response: ServerResponse, uploads: SimBucket['uploads'], key: string): void {
  const id = `upload-${uploads.size + 1}-${key.length}`;
  uploads.set(id, { key, startedAt: Date.now(), parts: new Map() });
  xml(response, 200, `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
}

/** Why a part is not taken; null when it is. */
function partProblem(upload: Upload | undefined, number: number): string | null {
  if (!upload) return 'NoSuchUpload';
  return number >= 1 && number <= 10_000 ? null : 'InvalidArgument';
}

/** The bodies of the parts that a request names, or why they make no object. `least`: bytes of each but the last. */
function partsOf(upload: Upload | undefined, request: string, least: number): Buffer[] | string {
  if (!upload) return 'NoSuchUpload';
  const named = [...request.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, one = '']) => ({
    number: Number(/<PartNumber>(\d+)</.exec(one)?.[1]),
    etag: /<ETag>(.*?)</.exec(one)?.[1]?.replaceAll('&quot;', '"') ?? '',
  }));
  if (named.length === 0) return 'MalformedXML';
  if (named.some(({ number }, n) => number <= (named[n - 1]?.number ?? 0))) return 'InvalidPartOrder';
  const bodies = named.flatMap(({ number, etag }) => {
    const body = upload.parts.get(number);
    return body && quotedMd5(body) === etag ? [body] : [];
  });
  if (bodies.length < named.length) return 'InvalidPart';
  return bodies.slice(0, -1).some((one) => one.length < least) ? 'EntityTooSmall' : bodies;
}

function completed(response: ServerResponse, bodies: readonly Buffer[]): void {
  const etag = `&quot;${md5(Buffer.concat(bodies.map(md5))).toString('hex')}-${bodies.length}&quot;`;
  xml(response, 200, `<CompleteMultipartUploadResult><ETag>${etag}</ETag></CompleteMultipartUploadResult>`);
}

function listUploads(response: ServerResponse, uploads: SimBucket['uploads'], query: URLSearchParams): void {
  const own = [...uploads].filter(([, { key }]) => key.startsWith(query.get('prefix') ?? ''));
  const shown = own.map(
    ([id, { key, startedAt }]) =>
      `<Upload><Key>${key}</Key><UploadId>${id}</UploadId><Initiated>${new Date(startedAt).toISOString()}</Initiated></Upload>`,
  );
  xml(
    response,
    200,
    `<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>${shown.join('')}</ListMultipartUploadsResult>`,
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

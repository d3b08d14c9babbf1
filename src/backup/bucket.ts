// Backups in a bucket of a service that speaks the API of Amazon S3.
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { AppError, wordsOf } from '../base/errors.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { sealedFile, writeWhole } from './folder.ts';
import { LARGEST_MANIFEST, type Manifest, manifestIn, manifestText, newestFirst } from './manifest.ts';
import type { Place, Taken } from './place.ts';
import { SIZES, type UploadSizes, uploadInParts, uploadWhole } from './upload.ts';

/** How a bucket is reached. */
export type BucketAccess = {
  /** Of a service other than Amazon's own. */
  endpoint?: string | undefined;
  region?: string | undefined;
  /** Without it, what Amazon's tools would use: their variables, their files, or the role of the machine. */
  key?: { id: string; secret: string } | undefined;
  /** How it is filled. */
  sizes?: UploadSizes;
};

const BUCKET = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:\/[\w.!*'()=-]+)*)\/?$/i;

export const isBucket = (where: string): boolean => /^s3:/i.test(where);

/** Why no bucket can be named so; null for one that can, and for a folder. */
export const bucketProblem = (where: string): string | null =>
  isBucket(where) && !BUCKET.test(where) ? 'must be a folder, or a bucket as in s3://bucket/folder' : null;

/** Of the address of a file. */
export const folderOf = (address: string): string => address.slice(0, address.lastIndexOf('/'));

type Sdk = typeof import('@aws-sdk/client-s3');

/** A name in a variable is left alone by bundlers. */
const PACKAGE: string = '@aws-sdk/client-s3';

async function sdk(): Promise<Sdk> {
  try {
    return (await import(PACKAGE)) as Sdk;
  } catch (cause) {
    throw new AppError('invalid', `backups in a bucket need a package that is not here: npm install ${PACKAGE}`, [], {
      cause,
    });
  }
}

/** So many manifests are read at once. */
const AT_ONCE = 8;

/** Backups under an address such as `s3://bucket/folder`. What is on its way lies in the folder for temporary files. */
export function bucketPlace(where: string, access: BucketAccess, signal?: AbortSignal): Place {
  const [, Bucket = '', folder = ''] = BUCKET.exec(where) ?? [];
  const prefix = folder === '' ? '' : `${folder.slice(1)}/`;
  if (Bucket === '') throw new AppError('invalid', `${where} is no bucket: it is written as s3://bucket/folder`);
  const at = (file: string) => ({ Bucket, Key: prefix + file });

  const { sizes = SIZES } = access;
  const until = signal === undefined ? {} : { abortSignal: signal };
  let client: S3Client | null = null;

  async function within<T>(work: (s3: S3Client, commands: Sdk) => Promise<T>): Promise<T> {
    const commands = await sdk();
    client ??= new commands.S3Client(settingsFor(access));
    signal?.throwIfAborted();
    try {
      return await work(client, commands);
    } catch (error) {
      if (error instanceof AppError) throw error;
      throw new Error(`${where}: ${failureIn(error)}`, { cause: error });
    }
  }

  /** Each file with its size, and when it was written. */
  const files = () =>
    within(async (s3, { paginateListObjectsV2 }) => {
      const all = new Map<string, { size: number; writtenAt: Ms }>();
      for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix: `${prefix}homing-` }, until))
        for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
          all.set(Key.slice(prefix.length), { size: Size, writtenAt: LastModified?.getTime() ?? 0 });
      return all;
    });

  /** Null when there is no file, or one that is too large to be a manifest. */
  const read = (name: string, bytes: number) =>
    within(async (s3, { GetObjectCommand, NoSuchKey }) => {
      try {
        const { Body, ContentLength = 0 } = await s3.send(new GetObjectCommand(at(`${name}.json`)), until);
        if (Body === undefined || ContentLength > LARGEST_MANIFEST) return null;
        return manifestIn(await Body.transformToString(), name, bytes);
      } catch (error) {
        if (error instanceof NoSuchKey) return null;
        throw error;
      }
    });

  async function put(file: string, path: string): Promise<void> {
    const { size } = await stat(path);
    const upload = { object: at(file), path, size, until };
    await within((s3, commands) =>
      size > sizes.whole
        ? uploadInParts(s3, commands, { ...upload, part: sizes.part })
        : uploadWhole(s3, commands, upload),
    );
  }

  const drop = (file: string) =>
    within((s3, { DeleteObjectCommand }) => s3.send(new DeleteObjectCommand(at(file)), until)).then(() => {});

  /** Parts of what never came to its end. They lie in no list of files, and cost what they take. */
  const dropParts = (before: Ms) =>
    within(async (s3, { AbortMultipartUploadCommand, ListMultipartUploadsCommand }) => {
      const asked = new ListMultipartUploadsCommand({ Bucket, Prefix: `${prefix}homing-` });
      for (const { Key, UploadId, Initiated } of (await s3.send(asked, until)).Uploads ?? [])
        if ((Initiated?.getTime() ?? before) < before)
          await s3.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), until);
    });

  async function remove(name: string): Promise<void> {
    await drop(`${name}.json`);
    await drop(`${name}.sealed`);
  }

  return {
    name: where,
    trouble: () =>
      within((s3, { ListObjectsV2Command }) =>
        s3.send(new ListObjectsV2Command({ Bucket, Prefix: `${prefix}homing-`, MaxKeys: 1 }), until),
      ).then(() => null, wordsOf),
    async all() {
      const there = await files();
      const names = [...there.keys()].filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5));
      const found: (Manifest | null)[] = [];
      for (let n = 0; n < names.length; n += AT_ONCE) {
        const some = names.slice(n, n + AT_ONCE);
        found.push(...(await Promise.all(some.map((name) => read(name, there.get(`${name}.sealed`)?.size ?? -1)))));
      }
      return newestFirst(found);
    },
    async find(name) {
      return read(name, (await files()).get(`${name}.sealed`)?.size ?? -1);
    },
    async keep(name, write, check) {
      const here = await mkdtemp(join(tmpdir(), TEMPORARY));
      try {
        await writeWhole(here, `${name}.sealed`, write);
        const made = await check(sealedFile(here, name));
        await writeWhole(here, `${name}.json`, (file) => file.writeFile(manifestText(made)));
        await put(`${name}.sealed`, sealedFile(here, name));
        await put(`${name}.json`, join(here, `${name}.json`));
        return made;
      } catch (error) {
        await remove(name).catch(() => {});
        throw error;
      } finally {
        await rm(here, { recursive: true, force: true });
      }
    },
    take: (name) => download(at(`${name}.sealed`), name, within, signal),
    remove,
    async removeHalves(before) {
      await removeLeft(before);
      const there = await files();
      for (const [file, { writtenAt }] of there) {
        const [, own] = /^(.+)\.sealed$/.exec(file) ?? [];
        if (own !== undefined && !there.has(`${own}.json`) && writtenAt < before) await drop(file);
      }
      // Where all are small none went in parts, and the right to ask may be missing.
      if ([...there.values()].some(({ size }) => size > sizes.whole / 2)) await dropParts(before);
    },
  };
}

const TEMPORARY = 'homing-backup-';

/** What a process that was killed has left on this machine. */
async function removeLeft(before: Ms): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(TEMPORARY)) continue;
    const folder = join(tmpdir(), name);
    const at = (await stat(folder).catch(() => null))?.mtimeMs ?? before;
    if (at < before) await rm(folder, { recursive: true, force: true });
  }
}

type Within = <T>(work: (s3: S3Client, commands: Sdk) => Promise<T>) => Promise<T>;

async function download(
  object: { Bucket: string; Key: string },
  name: string,
  within: Within,
  signal?: AbortSignal,
): Promise<Taken> {
  const here = await mkdtemp(join(tmpdir(), TEMPORARY));
  const done = () => rm(here, { recursive: true, force: true });
  try {
    await within(async (s3, { GetObjectCommand }) => {
      const { Body } = await s3.send(new GetObjectCommand(object), { ...(signal && { abortSignal: signal }) });
      const file = createWriteStream(sealedFile(here, name), { mode: 0o600 });
      await pipeline(Body as Readable, file, { ...(signal && { signal }) });
    });
  } catch (error) {
    await done();
    throw error;
  }
  return { file: sealedFile(here, name), done };
}

const settingsFor = ({ endpoint, region, key }: BucketAccess) =>
  ({
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(region === undefined ? {} : { region }),
    ...(key === undefined ? {} : { credentials: { accessKeyId: key.id, secretAccessKey: key.secret } }),
    // Newer checksums are not known to all services that speak this API; `put` brings one that all know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 10 * SECOND, socketTimeout: 60 * SECOND },
  }) as const;

/** The name of the error says more than its words, which may be as little as "UnknownError". */
function failureIn(error: unknown): string {
  const { name = '', message = '' } = error as { name?: string; message?: string };
  return [name, message].filter((part) => part !== '' && part !== 'Error').join(': ') || wordsOf(error);
}

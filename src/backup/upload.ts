// How a file gets into a bucket (Amazon S3, "Uploading and copying objects using multipart upload", and its limits).
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { S3Client } from '@aws-sdk/client-s3';

const MB = 1024 ** 2;
/** S3 takes so many parts of an object. */
const MOST_PARTS = 10_000;

/** In bytes. What is larger than `whole` (of S3 5 GB at most) goes in parts of at least `part` (of S3 5 MB, but for the last). */
export type UploadSizes = { whole: number; part: number };
/** A part is sent again where its connection breaks; a file that is sent whole is not. */
export const SIZES: UploadSizes = { whole: 1024 * MB, part: 16 * MB };

export const partSize = (size: number, least: number): number =>
  Math.max(least, Math.ceil(size / MOST_PARTS / MB) * MB);

type Sdk = typeof import('@aws-sdk/client-s3');
export type Upload = {
  object: { Bucket: string; Key: string };
  path: string;
  size: number;
  /** How long it may be sent. */
  until: { abortSignal?: AbortSignal };
};

/** The service refuses what is not what its digest says. */
export async function uploadWhole(s3: S3Client, { PutObjectCommand }: Sdk, upload: Upload): Promise<void> {
  const { object, path, size, until } = upload;
  const digest = createHash('md5');
  for await (const piece of createReadStream(path)) digest.update(piece as Buffer);
  const ContentMD5 = digest.digest('base64');
  const Body = createReadStream(path);
  try {
    await s3.send(new PutObjectCommand({ ...object, ContentMD5, ContentLength: size, Body }), until);
  } finally {
    // After an error it would stay open, and what is removed would take room until the process ends.
    Body.destroy();
  }
}

/** The object is there when its last part is, or not at all: what was sent until then is thrown away. */
export async function uploadInParts(s3: S3Client, sdk: Sdk, upload: Upload & { part: number }): Promise<void> {
  const { object, path, until } = upload;
  const { UploadId } = await s3.send(new sdk.CreateMultipartUploadCommand(object), until);
  const about = { ...object, UploadId };
  const file = await open(path);
  try {
    const Parts = await sendParts(s3, sdk, { ...upload, about }, file);
    await s3.send(new sdk.CompleteMultipartUploadCommand({ ...about, MultipartUpload: { Parts } }), until);
  } catch (error) {
    // Whoever is told to stop does this all the same. What can't be thrown away now goes with the halves of the next day.
    await s3.send(new sdk.AbortMultipartUploadCommand(about)).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

type Sending = Upload & { part: number; about: Upload['object'] & { UploadId: string | undefined } };

async function sendParts(s3: S3Client, sdk: Sdk, upload: Sending, file: FileHandle) {
  const { about, size, until } = upload;
  const part = partSize(size, upload.part);
  const sent: { PartNumber: number; ETag: string | undefined }[] = [];
  for (let from = 0; from < size; from += part) {
    const Body = Buffer.allocUnsafe(Math.min(part, size - from));
    const { bytesRead } = await file.read(Body, 0, Body.length, from);
    if (bytesRead < Body.length) throw new Error('the file has become shorter while it was sent');
    const ContentMD5 = createHash('md5').update(Body).digest('base64');
    const PartNumber = sent.length + 1;
    const { ETag } = await s3.send(new sdk.UploadPartCommand({ ...about, PartNumber, ContentMD5, Body }), until);
    sent.push({ PartNumber, ETag });
  }
  return sent;
}

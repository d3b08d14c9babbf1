import { type BucketAccess, bucketPlace, isBucket } from './bucket.ts';
import { folderPlace } from './folder.ts';
import type { Place } from './place.ts';

/** The place that a setting or an option names. */
export const placeOf = (where: string, access: BucketAccess, signal?: AbortSignal): Place =>
  isBucket(where) ? bucketPlace(where, access, signal) : folderPlace(where);

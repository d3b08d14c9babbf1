/** Made at the first call. */
export type Lazy<T> = (() => T) & { /** Looks without making it. */ made(): T | null };

export function lazy<T>(make: () => T): Lazy<T> {
  let value: T | null = null;
  const get = () => {
    value ??= make();
    return value;
  };
  return Object.assign(get, { made: () => value });
}

export type Opener<T> = (() => Promise<T>) & { /** Looks without opening it. */ opening(): Promise<T> | null };

/** Opens at the first use. If that fails the next use tries again. */
export function opener<T>(open: () => Promise<T>): Opener<T> {
  let opening: Promise<T> | null = null;
  const get = () => {
    opening ??= open().catch((error: unknown) => {
      opening = null;
      throw error;
    });
    return opening;
  };
  return Object.assign(get, { opening: () => opening });
}

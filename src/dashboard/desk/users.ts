import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { readAs } from '../../base/kinds.ts';

/** Each may do what those before it may. */
export const ROLES = ['support', 'operator', 'owner'] as const;
export type Role = (typeof ROLES)[number];

export const mayAct = (role: Role, needed: Role): boolean => ROLES.indexOf(role) >= ROLES.indexOf(needed);

/** `hash` is `proxy` for somebody whose password a proxy in front of us has checked. */
export type User = { name: string; role: Role; hash: string };

const NAME = /^[^\s:,"'\p{Cc}\p{Cf}]{1,64}$/u;
export const isUserName = (text: string): boolean => NAME.test(text);

const HASH = /^scrypt-(\d{1,7})-(\d{1,2})-(\d{1,2})-([\w-]{22})-([\w-]{43})$/;
/** Scrypt takes no other numbers, and with larger ones a login would take all memory. */
function isHash(text: string): boolean {
  const [, N, r, p] = HASH.exec(text) ?? [];
  const isPower = Number.isInteger(Math.log2(Number(N))) && Number(N) >= 16_384 && Number(N) <= 131_072;
  return text === 'proxy' || (isPower && Number(r) === 8 && Number(p) >= 1 && Number(p) <= 4);
}

/** `name:role:hash`, several with commas between them. */
export const users = readAs(
  (all) => readUsers(all),
  'must be a comma list of name:role:hash, as "homing user add" prints them, each name once; the role is support, operator or owner',
);

function readUsers(all: string): readonly User[] | null {
  const lines = all.split(',').map((line) => line.trim());
  const read = lines.filter((line) => line !== '').map(readUser);
  const known = read.filter((user) => user !== null);
  const names = new Set(known.map(({ name }) => name.toLowerCase()));
  return known.length === read.length && names.size === read.length ? Object.freeze(known) : null;
}

function readUser(line: string): User | null {
  const [name = '', role = '', hash = '', ...more] = line.split(':');
  const known = ROLES.find((one) => one === role);
  return known && more.length === 0 && isUserName(name) && isHash(hash) ? { name, role: known, hash } : null;
}

/** 2^15 takes 32 MB and about a tenth of a second. */
const COST = { N: 32_768, r: 8, p: 1 };

export async function hashOf(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST);
  return `scrypt-${COST.N}-${COST.r}-${COST.p}-${salt.toString('base64url')}-${key.toString('base64url')}`;
}

/**
 * No password has it. It is checked for names that nobody has, and costs what the passwords of these users cost, so that both
 * take as long.
 */
export function nobodysHash(users: readonly User[]): string {
  const known = users.map(({ hash }) => HASH.exec(hash)).find((parts) => parts !== null);
  const [, N = COST.N, r = COST.r, p = COST.p] = known ?? [];
  return `scrypt-${N}-${r}-${p}-${'A'.repeat(22)}-${'A'.repeat(43)}`;
}

/** Whether it is the password of that hash. */
export async function isPassword(password: string, hash: string): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = HASH.exec(hash) ?? [];
  if (key === '') return false;
  const derived = await derive(password, Buffer.from(salt, 'base64url'), { N: Number(N), r: Number(r), p: Number(p) });
  return timingSafeEqual(derived, Buffer.from(key, 'base64url'));
}

function derive(password: string, salt: Buffer, cost: ScryptOptions): Promise<Buffer> {
  const options = { ...cost, maxmem: 256 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, 32, options, (error, key) => (error ? reject(error) : resolve(key)));
  });
}

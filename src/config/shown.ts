import { durationText } from '../base/duration.ts';
import { secret, secrets } from '../base/kinds.ts';
import type { Room, Setting, ShownRoom, ShownSetting } from '../base/setting.ts';
import { type Config, textsOf } from './config.ts';
import { isOfFile } from './env.ts';
import { ROOMS } from './rooms.ts';

/** Every setting as it holds, by its room, and where its value comes from. No secret is in it. */
export function settingsShown(config: Config): ShownRoom[] {
  const rooms: readonly Room[] = ROOMS;
  const show = (name: string, setting: Setting) => shown(name, setting, config);
  return rooms.map(({ title, settings }) => ({
    title,
    settings: Object.entries(settings).map(([name, setting]) => show(name, setting)),
  }));
}

function shown(name: string, setting: Setting, config: Config): ShownSetting {
  const { level, says } = setting;
  const { text, from } = sourceOf(name, setting, config);
  const value = text === null ? null : shownText(text, setting);
  const isSetElsewhere = setting.orElse !== undefined && textsOf(config)[setting.orElse] !== undefined;
  const unset = text === null && !isSetElsewhere ? (setting.unset ?? null) : null;
  return { name, level, says, value, isHidden: value !== text, from, unset };
}

type Source = { text: string | null; from: ShownSetting['from'] };

function sourceOf(name: string, { default: fallback, follows }: Setting, config: Config): Source {
  const given = textsOf(config)[name];
  if (given !== undefined) return { text: given, from: isOfFile(name) ? '.env' : 'environment' };
  const value: unknown = (config as Record<string, unknown>)[name];
  if (follows && typeof value === 'number') return { text: durationText(value), from: 'RETRY_UNIT' };
  return fallback ? { text: fallback, from: 'default' } : { text: null, from: null };
}

/** Null for a value of which nothing is shown. */
function shownText(text: string, { kind, hides }: Setting): string | null {
  if (hides === 'all' || kind === secret || kind === secrets) return null;
  const database = databasePlace(text);
  if (database !== null) return database;
  const parts = text.split(',').map((part) => part.trim());
  // Some provider may be named by a URL in a setting that nobody thinks of as one.
  if (hides === 'login' || parts.some((part) => /:\/\/[^/]*@/.test(part))) return parts.map(placeOf).join(', ');
  return text;
}

/** Where a database is. Commas divide its hosts, and may be in its password. */
function databasePlace(text: string): string | null {
  const scheme = /^(mysql|mariadb):/.exec(text)?.[0];
  if (scheme === undefined) return null;
  const hosts = /@([\w.,:[\] -]*)(?:\/[^@]*)?$/.exec(text)?.[1] ?? '';
  return `${scheme}//${hosts}…`;
}

/** Of these the host is no secret. With others the key may stand where a host would. */
const HOSTED = /^(?:https?|smtps?|amqps?):$/;

/** Where a URL leads; a file is named whole. */
function placeOf(url: string): string {
  if (/^sqlite:(?!.*@)/.test(url)) return url;
  const scheme = /^([a-z][a-z0-9+]{0,20}:)/i.exec(url)?.[1]?.toLowerCase() ?? '';
  const isKnown = HOSTED.test(scheme) && URL.canParse(url);
  return `${scheme}//${isKnown ? new URL(url).host : ''}…`;
}

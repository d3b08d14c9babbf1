import { join } from 'node:path';
import { Eta } from 'eta';
import { DateTime } from 'luxon';
import { html } from '../../base/markup.ts';
import { safeLines, shortened } from '../../core/safe-text.ts';
import type { Ms } from '../../core/time.ts';
import { lengthWords, many } from '../../core/words/numbers.ts';
import { assetUrl } from './assets.ts';
import { TEXTS } from './texts.ts';

export type Data = Record<string, unknown>;

/** When a page is made, and what its forms have to bring along, beside what it shows. */
type Frame = { now: Ms; formToken: string };

export type View = { render(name: string, data: Data & Frame): string };

/**
 * Templates of `views/`. What is put into one with `<%= %>` is escaped, and is safe to show whoever wrote it. For them,
 * `it.t` are the texts, `it.link(path)` an address of ours, and `it.moment(ms)` a time in words; `it.time(ms)` (how long
 * ago), `it.exactly(ms)` and `it.token` (what each form has to bring along) are elements, put in with `<%~ %>`.
 */
export function createView({ timezone, base }: { timezone: string; base: string }): View {
  const eta = new Eta({
    views: join(import.meta.dirname, 'views'),
    cache: true,
    autoFilter: true,
    // Also what is put in with `<%~ %>` goes through here: it is markup already, and is not escaped again.
    filterFunction: (value) => (value === null || value === undefined ? '' : safeLines(String(value), Infinity)),
  });
  return {
    render: (name, data) => {
      const moment = (at: Ms) => DateTime.fromMillis(at, { zone: timezone }).toFormat('yyyy-MM-dd HH:mm:ss ZZZZ');
      const relative = (at: Ms) => relativeTo(data.now, at);
      return eta.render(name, {
        t: TEXTS,
        many,
        asset: (file: string) => base + assetUrl(file),
        link: (path: string) => base + path,
        moment,
        time: (at: Ms) => timeElement(at, { says: relative(at), title: moment(at) }),
        exactly: (at: Ms) => timeElement(at, { says: moment(at), title: relative(at) }),
        token: html`<input type="hidden" name="token" value="${data.formToken}">`.markup,
        length: lengthWords,
        shortened,
        ...data,
      });
    },
  };
}

function relativeTo(now: Ms, at: Ms): string {
  const distance = Math.abs(now - at);
  if (distance < 1000) return TEXTS.now;
  return at <= now ? TEXTS.ago(lengthWords(distance)) : TEXTS.ahead(lengthWords(distance));
}

const timeElement = (at: Ms, { says, title }: { says: string; title: string }): string =>
  html`<time datetime="${new Date(at).toISOString()}" title="${title}">${says}</time>`.markup;

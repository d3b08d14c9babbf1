// Shows the person who waits for mail how it stands: <homing-banner> and <homing-message token="…">. What stands between
// their tags is shown until there is an answer, and again when there has been none for a while.
import type { Message, Resent, Status, Texts, Told } from './answers.ts';

/** The style sheet, put in when this is built. */
declare const STYLE: string;

const SECOND = 1000;
const PATIENCE = 8_000;
/** The longest pause after failures; what was shown before is not true any more by then. */
const REST = 60_000;

const SEEN = 'visibilitychange';

const page = document;
const { dataset = {} as DOMStringMap, src = page.baseURI } =
  page.querySelector<HTMLScriptElement>('script[src*=homing-status]') ?? {};
const daemon = dataset['url'] ?? new URL('.', src).href;
const wanted = languageIn(dataset['lang'] ?? page.documentElement.lang);
/** Texts that have to be read yet. English ones are the server's own. */
let file = dataset['texts'] ?? (/^de\b/i.test(wanted) ? `${daemon}homing-status.de.json` : '');
const language = file ? wanted : 'en';
let texts: Texts = {};

/** A language as browsers take it, also of `fr_FR`; none where it can not be one. */
function languageIn(given: string): string {
  try {
    return `${new Intl.Locale(given.replace('_', '-'))}`;
  } catch {
    return '';
  }
}

type Answer<T> = { body: T; wait: number };

/** Rejects when there is no answer in time, or none that is of use. */
async function ask<T>(address: string, method = 'GET'): Promise<Answer<T>> {
  const response = await fetch(address, { method, signal: AbortSignal.timeout(PATIENCE) });
  if (!response.ok) throw response;
  return { body: await response.json(), wait: Number(response.headers.get('retry-after')) * SECOND };
}

const put = (text: string, values: Record<string, string>): string =>
  text.replace(/{(\w+)}/g, (all, name) => values[name] ?? all);

/** A length in the language: `42 seconds`, `5 minutes`. */
function lengthWords(length: number): string {
  const seconds = Math.ceil(length / SECOND);
  const [unit, size] = seconds < 120 ? ['second', 1] : seconds < 3600 ? ['minute', 60] : ['hour', 3600];
  return new Intl.NumberFormat(language || [], { style: 'unit', unit, unitDisplay: 'long' }).format(
    Math.ceil(seconds / size),
  );
}

function make(tag: string, attributes: Record<string, string>, ...inside: (Node | string)[]): HTMLElement {
  const element = page.createElement(tag);
  for (const name in attributes) element.setAttribute(name, attributes[name] as string);
  element.append(...inside);
  return element;
}

const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);

/** The inside of an element: a place that is read out when it changes, and more below it. */
function frame(host: HTMLElement, ...more: Node[]) {
  const place = make('div', { role: 'status' });
  const box = make('div', {}, place, ...more);
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  root.adoptedStyleSheets = [sheet];
  root.replaceChildren(box);
  let last = '';
  function change(state: string, ...inside: Node[]): void {
    box.lang = language;
    box.className = state;
    box.part.value = state && 'box';
    place.replaceChildren(...inside);
  }
  /** Says whether it is news. What stays as it is is left alone, so that it is not read out again. */
  function show(state: string, ...lines: string[]): boolean {
    const now = state + lines;
    if (now === last) return false;
    last = now;
    change(state, ...lines.map((line, n) => make('p', { part: n ? 'next' : 'sentence' }, line)));
    return true;
  }
  function lose(): void {
    last = 'lost';
    change('', make('slot', {}));
  }
  lose();
  return { root, show, lose };
}

/**
 * Asks again and again while the page is seen, until there is nothing there. The first pause is the one after news, which
 * grows to the most without.
 */
function follow<T>(
  path: string,
  [first, most]: readonly [number, number],
  take: (answer: Answer<T>) => boolean,
  lose: () => void,
) {
  let turn = 0;
  let timer = 0;
  let pause = first;
  /** The pause after the last call, if that failed. */
  let rest = first;
  async function look(): Promise<void> {
    const mine = ++turn;
    clearTimeout(timer);
    if (page.hidden || mine !== turn) return;
    try {
      if (file) texts = (await ask<Texts>(file)).body;
      file = '';
      if (mine !== turn) return;
      const answer = await ask<T>(daemon + path);
      if (mine !== turn) return;
      pause = take(answer) ? first : Math.min(pause * 1.3, most);
      rest = first;
    } catch (trouble) {
      if (mine !== turn) return;
      const isGone = (trouble as Partial<Response>).status === 404;
      rest = Math.min(rest * 2, REST);
      if (isGone || rest === REST) lose();
      if (isGone) return;
      pause = rest;
    }
    timer = setTimeout(look, pause);
  }
  page.addEventListener(SEEN, look);
  void look();
  const end = () => {
    // Equal to nothing: nothing is asked from now on, and what is answered comes too late.
    turn = Number.NaN;
    clearTimeout(timer);
    page.removeEventListener(SEEN, look);
  };
  return { look, end };
}

/** An element that begins anew when this attribute of it changes. */
function define(name: string, attribute: string, begin: (host: HTMLElement, value: string) => () => void): void {
  if (customElements.get(name)) return;
  class Shown extends HTMLElement {
    static observedAttributes = [attribute];
    declare end?: (() => void) | null;
    connectedCallback() {
      this.disconnectedCallback();
      this.end = begin(this, this.getAttribute(attribute) ?? '');
    }
    disconnectedCallback() {
      this.end?.();
      this.end = null;
    }
    attributeChangedCallback() {
      if (this.end) this.connectedCallback();
    }
  }
  customElements.define(name, Shown);
}

/** The states of which there is something to tell, worst first. Of the others nothing is said. */
const TROUBLES = ['down', 'delayed', 'backup'];

function bannerWords(kind: string, { state, upToSeconds, sentence }: Told): string {
  const text = texts.banner?.[state];
  const mail = texts.mail?.[kind];
  return text && mail ? put(text, { mail, time: lengthWords((upToSeconds ?? 0) * SECOND) }) : sentence;
}

define('homing-banner', 'kinds', (host, only) => {
  const { show, lose } = frame(host);
  function take({ body: { sentence, classes } }: Answer<Status>): boolean {
    const isConcerned = ([kind, { state }]: [string, Told]) =>
      (only || kind).includes(kind) && TROUBLES.includes(state);
    const concerned = Object.entries(classes).filter(isConcerned);
    const isSo = (state: string) => concerned.filter(([, told]) => told.state === state).length;
    const state = TROUBLES.find(isSo);
    if (!state) return show('');
    if (isSo(state) < 3) return show(state, concerned.map((one) => bannerWords(...one)).join(' '));
    const upToSeconds = Math.max(...concerned.map(([, told]) => told.upToSeconds ?? 0));
    return show(state, bannerWords('all', { state, upToSeconds, sentence }));
  }
  return follow('api/status', [10_000, 30_000], take, lose).end;
});

define('homing-message', 'token', (host, token) => {
  const path = `status/${encodeURIComponent(token)}`;
  const button = make('button', { part: 'button' });
  const timer = make('span', { part: 'timer', role: 'timer' });
  const actions = make('p', { part: 'actions' }, button, timer);
  const note = make('p', { part: 'note', role: 'status' });
  const { root, show, lose } = frame(host, actions, note);
  let ticking = 0;
  /** When the wait ends, by the clock here; 0 without one. */
  let until = 0;
  let isOfUse = false;
  let isEnabled = false;
  /** What it came to is still to be read. */
  let hasPressed = false;

  const waitWords = () => put(texts.wait ?? 'You can do that in {time}.', { time: lengthWords(until - Date.now()) });

  function enable(can: boolean): void {
    isEnabled = can;
    button.setAttribute('aria-disabled', `${!can}`);
  }

  function say(text: string, kind = ''): void {
    note.className = kind;
    note.textContent = text;
  }

  /** Whoever is on the button keeps it until they leave. */
  function hide(): void {
    actions.hidden = !isOfUse && root.activeElement !== button;
  }

  function tick(): void {
    clearTimeout(ticking);
    const left = until - Date.now();
    timer.textContent = left > 0 ? waitWords() : '';
    if (left > 0) ticking = setTimeout(tick, left % SECOND || SECOND);
    else if (until) {
      until = 0;
      void look();
    }
  }

  function offer({ resendAvailableAt }: { resendAvailableAt: string | null }, wait: number): void {
    isOfUse = !!resendAvailableAt;
    until = isOfUse && wait ? Date.now() + wait : 0;
    button.textContent = texts.again ?? 'Send it again';
    enable(isOfUse && !wait);
    hide();
    tick();
  }

  function take({ body, wait }: Answer<Message>): boolean {
    const isNews = show(body.state, ...(texts.message?.[body.stage] ?? [body.sentence, body.nextStep]));
    if (isNews && !hasPressed) say('');
    hasPressed = false;
    offer(body, wait);
    return isNews;
  }

  function forget(): void {
    lose();
    say('');
    offer({ resendAvailableAt: null }, 0);
  }

  async function press(): Promise<void> {
    if (until) say(waitWords(), 'heard');
    if (!isEnabled) return;
    enable(false);
    try {
      const { body, wait } = await ask<Resent>(`${daemon + path}/resend`, 'POST');
      // Taken away meanwhile, or begun anew with another one.
      if (!button.isConnected) return;
      say(texts.resend?.[body.result] ?? body.sentence);
      offer(body, wait);
      hasPressed = true;
      void look();
    } catch {
      say(texts.trouble ?? 'That did not work. Please try again in a moment.');
      enable(isOfUse);
    }
  }

  button.onclick = press;
  button.onblur = () => setTimeout(hide);
  const { look, end } = follow(path, [3_000, 30_000], take, forget);
  forget();
  return () => {
    end();
    clearTimeout(ticking);
  };
});

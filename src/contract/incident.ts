import { html } from '../base/markup.ts';
import { endOf, type Incident } from '../core/incident.ts';
import { safeLine } from '../core/safe-text.ts';
import type { Ms } from '../core/time.ts';
import { headlineOf, incidentLine } from '../core/words/incidents.ts';
import { timeWords } from '../core/words/numbers.ts';
import { pageOf } from './page.ts';

/** An incident as the API and the commands show it. */
export const shownIncident = (incident: Incident) => ({
  id: incident.id,
  name: incident.name,
  kind: incident.kind,
  class: incident.class,
  severity: incident.severity,
  startedAt: iso(incident.startedAt),
  endedAt: iso(endOf(incident)),
  items: incident.items,
  acknowledgedAt: iso(incident.acknowledgedAt),
  acknowledgedBy: incident.acknowledgedBy,
  flaps: incident.flaps,
});

const iso = (at: Ms | null): string | null => (at === null ? null : new Date(at).toISOString());

/** What the link of an alert leads to. To look at it changes nothing: programs that check links do so as well. */
export function takePage(incident: Incident, now: Ms): string {
  const headline = headlineOf(incident);
  return pageOf(
    headline,
    html`<h1>${safeLine(headline)}</h1>
<p class="faint">${safeLine(incidentLine(incident, now))}, since ${timeWords(incident.startedAt)}.</p>
${takePart(incident)}`,
  );
}

function takePart({ endedAt, acknowledgedAt }: Incident) {
  if (endedAt !== null) return html`<p>It is over. Nothing has to be done.</p>`;
  if (acknowledgedAt !== null) return html`<p>Somebody has taken it. Nobody else is told of it.</p>`;
  return html`<p>Whoever takes it keeps the others from being told, until it is over or gets worse by far.</p>
<form method="post"><p><label>Your name: <input name="by" maxlength="80" autocomplete="name"></label></p>
<p><button>I take it</button></p></form>`;
}

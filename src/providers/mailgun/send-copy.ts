import type { Answer } from '../../core/answer.ts';
import type { Ms } from '../../core/time.ts';
import { addressesIn, composeMime, variablesOf } from '../../mail/compose.ts';
import { type FormEntry, fileIn, textIn, textsIn } from '../../mail/form.ts';
import type { View } from '../../store/rows/rows.ts';
import type { Copy } from '../provider.ts';
import { deliveryTime, type Port } from './port.ts';

/**
 * Hands a copy to Mailgun for one recipient.
 *
 * A form whose To or Cc shows others goes as a MIME message that we compose: there the envelope is `to` alone, and the
 * header shows whom the application wrote to. Mailgun documents no way to do that with a form. A template can't be
 * composed here, and goes as a form to the recipient alone, as do forms that show nobody else and batches
 * (`recipient-variables`), of which Mailgun makes a mail for each recipient anyway.
 */
export async function sendCopy(port: Port, view: View, copy: Copy, deliverAt: Ms | null): Promise<Answer> {
  if ('mime' in copy) return sendMime(port, view, copy.mime, fieldsOf(view, [], deliverAt));
  const { form } = copy;
  const options = (named: RegExp) =>
    fieldsOf(
      view,
      form.filter(([name]) => named.test(name)),
      deliverAt,
    );
  const message = fileIn(form, 'message');
  if (message) return sendMime(port, view, message.content, [...options(/^[hotv]:/), idOf(view)]);
  const composed = showsOthers(form) ? await composeMime(form, view.recipient, view.rfcMessageId) : null;
  if (composed) return sendMime(port, view, composed, options(/^[otv]:/));
  const own = variablesOf(form, view.recipient);
  const variables: FormEntry[] = own ? [['recipient-variables', JSON.stringify({ [view.recipient]: own })]] : [];
  const rest = options(/^(?!(?:to|cc|bcc|recipient-variables)$)/);
  return port.send(view.domain, [['to', view.recipient], ...rest, ...variables, idOf(view)]);
}

const idOf = (view: View): FormEntry => ['h:Message-Id', `<${view.rfcMessageId}>`];

/** Our variable, so that the events of this attempt find their way back whatever id it gets; and the wait, if there is one. */
function fieldsOf(view: View, given: readonly FormEntry[], deliverAt: Ms | null): FormEntry[] {
  const ours = new Set(['v:homing-id', 'h:message-id', ...(deliverAt === null ? [] : ['o:deliverytime'])]);
  const wait: FormEntry[] = deliverAt === null ? [] : [['o:deliverytime', deliveryTime(deliverAt)]];
  return [...given.filter(([name]) => !ours.has(name.toLowerCase())), ['v:homing-id', view.messageId], ...wait];
}

function sendMime(port: Port, view: View, mime: Buffer, entries: readonly FormEntry[]): Promise<Answer> {
  const fields: Record<string, string[]> = {};
  for (const [name, value] of entries) if (typeof value === 'string') fields[name] = [...(fields[name] ?? []), value];
  return port.sendMime(view.domain, { to: view.recipient, mime, fields });
}

function showsOthers(form: readonly FormEntry[]): boolean {
  if (textIn(form, 'recipient-variables') !== null) return false;
  if (textsIn(form, 'bcc').length > 0) return true;
  return addressesIn([...textsIn(form, 'to'), ...textsIn(form, 'cc')]).length > 1;
}

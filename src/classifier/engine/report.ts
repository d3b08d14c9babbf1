/**
 * Some replies come wrapped in a whole report ("I'm sorry to have to inform you…"), as Mailgun passes on what comes
 * back after the mail was taken. Only what the server said counts: the sentences around it speak of failures, time
 * and attachments for every reply alike.
 */
export function quotedReply(text: string): string {
  if (!BLANK_LINE.test(text)) return text;
  const from = endOfMarker(text.toLowerCase());
  if (from === -1) return text;
  const quoted = text.slice(from).trimStart();
  const end = BLANK_LINE.exec(quoted)?.index ?? quoted.length;
  return /[a-z]{3}|[^\p{ASCII}]/iu.test(quoted.slice(0, end)) ? quoted.slice(0, end) : text;
}

const BLANK_LINE = /\n[ \t\r]{0,80}\n/;

/** What reports say right before they quote a reply. */
const MARKERS: readonly string[] = [
  'error from remote mail server after',
  'error from remote mailer after',
  ' said:',
  'the response from the remote server was:',
  'the error that the other server returned was:',
  'remote server returned ',
  '(reason: ',
  'diagnostic-code: smtp;',
];

/** Where the first of them ends. After Exim's comes the command, up to a colon at the end of its line. */
function endOfMarker(text: string): number {
  const places = MARKERS.map((marker) => ({ marker, at: text.indexOf(marker) })).filter(({ at }) => at !== -1);
  const first = places.sort((a, b) => a.at - b.at)[0];
  if (!first) return -1;
  const end = first.at + first.marker.length;
  if (!first.marker.endsWith('after')) return end;
  const line = text.indexOf('\n', end);
  return line === -1 ? -1 : line;
}

/**
 * Whether a message is only a test of Mailgun, which takes it and never delivers it: another server would. `given` gives an
 * option or a header field by its name in lower case (documentation.mailgun.com, "Sending in test mode").
 */
export function isTestMode(given: (name: string) => string | null): boolean {
  return ['o:testmode', 'x-mailgun-drop-message'].some((name) => {
    const value = (given(name) ?? '').trim().toLowerCase();
    return !['', 'no', 'false', '0'].includes(value);
  });
}

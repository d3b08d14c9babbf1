// Asks for the page again every few seconds, and changes what has changed. Not while nobody looks, while something is being
// filled in, or while it is paused. What could not be refreshed is said to be old.

(() => {
  const main = document.querySelector('main[data-live]');
  const bar = document.querySelector('.live');
  if (!main || !bar) return;
  const EVERY = 5000;
  const PATIENCE = 10000;
  const says = bar.querySelector('[data-says]');
  const button = bar.querySelector('button');
  let paused = sessionStorage.getItem('paused') === 'yes';
  let isStale = false;

  function tell() {
    says.textContent = says.dataset[paused ? 'paused' : isFillingIn() ? 'waits' : isStale ? 'stale' : 'on'];
    button.textContent = button.dataset[paused ? 'resume' : 'pause'];
    main.toggleAttribute('data-stale', isStale && !paused);
  }

  /** What is typed, chosen or ticked stays, and so does what the button beside it does. */
  const isFillingIn = () =>
    document.activeElement?.matches('input, select, textarea') ||
    main.querySelector('dialog[open]') !== null ||
    [...main.querySelectorAll('input, select, textarea')].some(isChanged);

  function isChanged(field) {
    if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked;
    if (field.localName !== 'select') return field.value !== field.defaultValue;
    const first = [...field.options].findIndex((one) => one.defaultSelected);
    return field.selectedIndex !== Math.max(0, first);
  }

  const isBusy = () => document.hidden || paused || isFillingIn();

  async function refresh() {
    const headers = { 'X-Refresh': 'yes' };
    const answer = await fetch(location.href, { headers, signal: AbortSignal.timeout(PATIENCE), redirect: 'error' });
    if (!answer.ok) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = page.querySelector('main');
    if (!fresh) throw new Error('no page of ours');
    if (isBusy()) return;
    Idiomorph.morph(main, fresh.innerHTML, {
      morphStyle: 'innerHTML',
      callbacks: { beforeAttributeUpdated: keepOpen },
    });
    // What it told of has come to its end.
    main.toggleAttribute('data-live', fresh.hasAttribute('data-live'));
    bar.hidden = !fresh.hasAttribute('data-live');
  }

  /** What the reader has folded out stays so. */
  const keepOpen = (name, node) => !(name === 'open' && node.localName === 'details');

  async function again() {
    if (!isBusy()) {
      isStale = await refresh().then(
        () => false,
        () => true,
      );
    }
    tell();
    if (!bar.hidden) setTimeout(again, EVERY);
  }

  button.addEventListener('click', () => {
    paused = !paused;
    sessionStorage.setItem('paused', paused ? 'yes' : 'no');
    tell();
  });
  bar.hidden = false;
  tell();
  setTimeout(again, EVERY);
})();

// Suggests what can be said next behind what is typed already; what can be said once is not suggested twice.
document.querySelector('input[list]')?.addEventListener('input', ({ target: { value, list } }) => {
  const said = value.replace(/\S*$/, '');
  for (const one of list.options) {
    const [last] = one.value.split(' ').slice(-1);
    one.value = said + last;
    one.disabled = ` ${said}`.includes(` ${last.split(':')[0]}:`);
  }
});

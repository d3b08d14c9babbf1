import type Router from '@koa/router';
import { AppError, wordsOf } from '../../base/errors.ts';
import type { Ms } from '../../core/time.ts';
import type { Desk, Finding } from '../desk/desk.ts';
import { TEXTS } from '../desk/texts.ts';

/** What the doctor found when it looked last; `trouble` when it could not. */
type Look = { at: Ms; lasted: Ms; findings: readonly Finding[]; trouble: string | null };

const ORDER: Record<Finding['status'], number> = { problem: 0, warning: 1, ok: 2 };

/** Is everything set up rightly, and how is it mended? Nobody waits for it: it looks while the page is asked for again. */
export function addDoctor(router: Router, desk: Desk): void {
  let last: Look | null = null;
  let since: Ms | null = null;

  async function look(examine: NonNullable<Desk['examine']>, at: Ms): Promise<void> {
    since = at;
    try {
      const findings = [...(await examine())].sort((a, b) => ORDER[a.status] - ORDER[b.status]);
      last = { at, lasted: desk.now() - at, findings, trouble: null };
    } catch (error) {
      desk.log.warn({ error }, 'the doctor could not be asked for a page');
      last = { at, lasted: desk.now() - at, findings: [], trouble: wordsOf(error) };
    } finally {
      since = null;
    }
  }

  router.get('/doctor', desk.allow('operator'), (ctx) => {
    const count = (status: Finding['status']) => last?.findings.filter((one) => one.status === status).length ?? 0;
    desk.show(ctx, 'doctor', {
      ...{ title: TEXTS.nav.doctor, live: since !== null, since, last },
      ...{ problems: count('problem'), warnings: count('warning') },
    });
    // Without a script too.
    if (since !== null) ctx.set('Refresh', '3');
  });
  router.post(
    '/doctor',
    ...desk.act('operator', async (_ctx, _form, visitor) => {
      const { examine } = desk;
      if (!examine) throw new AppError('unavailable', TEXTS.doctor.away);
      if (since !== null) return { to: '/doctor' };
      await desk.note(visitor, 'doctor', null, null);
      if (since === null) void look(examine, desk.now());
      return { to: '/doctor' };
    }),
  );
}

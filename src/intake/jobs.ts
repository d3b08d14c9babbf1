import type { Job } from '../base/job.ts';
import { type Ms, SECOND } from '../core/time.ts';
import { fileSpool } from './file-spool.ts';
import { type FileToldDeps, fileTold } from './told.ts';

export type IntakeInside = FileToldDeps & {
  config: { DUE_POLL: Ms; SPOOL_DIR?: string | undefined };
  wake(job: string): void;
};

const toldJob: Job<IntakeInside> = {
  name: 'told',
  pause: ({ config }) => config.DUE_POLL,
  start: (inside) => ({ run: () => fileTold(inside) }),
};

const spoolJob: Job<IntakeInside> = {
  name: 'spool',
  pause: () => 5 * SECOND,
  start: (inside) => ({
    async run() {
      const { SPOOL_DIR: folder } = inside.config;
      if (folder === undefined) return 0;
      const filed = await fileSpool({ ...inside, folder });
      if (filed > 0) inside.wake('told');
      return filed;
    },
  }),
};

export const INTAKE_JOBS = [toldJob, spoolJob];

import { asSentence } from '../../core/words/capital.ts';
import { EXIT, Failed } from './terminal.ts';

/**
 * The message of an error for people, and the exit code. Errors are recognised by name, so that nothing heavy is
 * loaded.
 */
export function troubleOf(error: unknown): { message: string; exitCode: number } {
  if (error instanceof Failed) return { message: error.message, exitCode: error.exitCode };
  if (!(error instanceof Error)) return { message: `Something went wrong: ${String(error)}`, exitCode: EXIT.failed };
  switch (error.name) {
    case 'ConfigError':
      return { message: error.message, exitCode: EXIT.configuration };
    case 'NotDurable':
      return { message: `Homing must not run on this database: ${error.message}.`, exitCode: EXIT.failed };
    case 'AppError':
      return { message: asSentence(error.message), exitCode: EXIT.failed };
    default:
      return { message: `Something went wrong that should not: ${words(error)}`, exitCode: EXIT.failed };
  }
}

/** Without the statement and its values, which Knex puts before the database's own words. */
function words(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  const message = error.message.slice(error.message.lastIndexOf(' - ') + 1).replace(/^- /, '');
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [`${error.name}${code}: ${message.slice(0, 300)}`, ...frames.slice(0, 5)].join('\n');
}

import { type Config, ConfigError, readConfig } from '../../config/config.ts';
import type { Env } from '../../config/env.ts';
import { readRules } from '../../config/rules-file.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** `config` is null when not even the database can be read from it; `complete` says whether a daemon could start on it. */
export type Configured = { findings: Finding[]; config: Config | null; complete: boolean };

export function checkConfiguration(env: Env): Configured {
  const problems = problemsOf(env, 'daemon');
  const findings = problems.map((text) => problem('configuration', text, 'set it in the environment or in .env'));
  if (problemsOf(env, 'database').length > 0) return { findings, config: null, complete: false };
  const config = readConfig(env, 'database');
  if (problems.length === 0) findings.push(ok('configuration', 'complete'));
  return { findings: [...findings, ...choices(config)], config, complete: problems.length === 0 };
}

function problemsOf(env: Env, need: 'daemon' | 'database'): readonly string[] {
  try {
    readConfig(env, need);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** What is allowed and yet seldom meant. */
function choices(config: Config): Finding[] {
  const findings: Finding[] = [];
  if (/^\/v\d/.test(new URL(config.MAILGUN_API_URL).pathname))
    findings.push(problem('configuration', 'MAILGUN_API_URL ends in a version', 'leave the /v3 off'));
  // What is wrong with the rules is said with the configuration.
  if (config.HOMING_RULES && readRules(config.HOMING_RULES).problems.length === 0)
    findings.push(ok('own rules', `${config.HOMING_RULES} can be used`));
  findings.push(
    config.ENCRYPTION_KEY
      ? ok('encryption key', 'set: bodies that have to be kept are sealed')
      : warning(
          'encryption key',
          'ENCRYPTION_KEY is not set: no body can be kept, so what waits in our queue or outlives its stored copy is lost',
          'set it to the output of "openssl rand -hex 32"',
        ),
  );
  return findings;
}

import { readAlertRules } from '../../config/alert-rules-file.ts';
import { type Config, ConfigError, readConfig } from '../../config/config.ts';
import { doubtsAbout, unsetIn } from '../../config/doubts.ts';
import type { Env } from '../../config/env.ts';
import { readRules } from '../../config/rules-file.ts';
import { type Check, type Finding, ok, problem, warning } from './finding.ts';

/** `config` is null when not even the database can be read from it; `complete` says whether a daemon could start on it. */
export type Configured = { findings: Finding[]; config: Config | null; complete: boolean };

export function checkConfiguration(env: Env): Configured {
  const problems = problemsOf(env, 'daemon');
  const findings = problems.map((text) => problem('configuration', text, 'set it in the environment or in .env'));
  const config = problemsOf(env, 'database').length > 0 ? null : readConfig(env, 'database');
  findings.push(
    ...doubtsAbout(env, config).map((says) => warning('configuration', says, 'set it right, or take it away')),
  );
  if (config === null) return { findings, config, complete: false };
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

function choices(config: Config): Finding[] {
  const unset = unsetIn(config);
  const isSet = (check: Check, name: string, good: string, mend: string): Finding => {
    const says = unset.get(name);
    return says === undefined ? ok(check, good) : warning(check, says, mend);
  };
  const key = 'set: bodies that have to be kept are sealed';
  return [
    ...ownRules(config),
    ...alertRules(config),
    isSet('encryption key', 'ENCRYPTION_KEY', key, 'set it to the output of "openssl rand -hex 32"'),
    isSet('API tokens', 'API_TOKENS', 'set', 'set it to the output of "openssl rand -hex 16"'),
  ];
}

/** Problems of the rules are reported with the configuration. */
function ownRules({ HOMING_RULES: file }: Config): Finding[] {
  return file && readRules(file).problems.length === 0 ? [ok('own rules', `${file} can be used`)] : [];
}

function alertRules({ ALERT_RULES: file }: Config): Finding[] {
  const { rules, problems } = readAlertRules(file);
  const from = file === undefined ? 'those that hold without a file' : `by ${file}`;
  return problems.length === 0 ? [ok('thresholds', `${rules.length} rules, ${from}`)] : [];
}

// The configuration as the server itself reads it: refused with its sentence and place, or taken with what it would have
// warned of, and with the keys that do not do what somebody expects. Loads no more than the server's own reading of files.
// Nothing is changed or opened for good.

import { readFileSync } from 'node:fs';
import { configLines } from '../../server/config-check/config-line.js';
import { explainConfigError } from '../../server/config-check/explain-config-error.js';
import { type Advice, keyAdvice } from '../../server/config-check/key-advice.js';
import { type ConfigInput, loadServerConfig, type ServerConfig } from '../../server/server-config.js';
import { causeChain, StartError } from '../../server/start-error.js';
import { error, type Finding, info, ok, warning } from './finding.js';

const CHECK = 'configuration';
/** What the server says there in passing, for which the doctor has checks of its own. */
const ELSEWHERE = /running in standalone mode$|^No server failure|^Non-optimal|only one server specified \(ignoring\)$/;

export interface CheckedConfig {
  /** Null: a server would not start with it. */
  readonly config: ServerConfig | null;
  readonly findings: readonly Finding[];
}

export function checkConfig(
  configFile: string,
  env: Readonly<Record<string, string | undefined>>,
  coreCount: number,
): CheckedConfig {
  const warned: Finding[] = [];
  const warn = (message: string) => {
    // How the file was named here says nothing about how the server is told of it.
    if (!ELSEWHERE.test(message) && !message.startsWith(`${configFile} is relative`))
      warned.push(warning(CHECK, message, configFile, 'See docs/configuration.md.'));
  };
  const log: ConfigInput['log'] = { debug: () => undefined, info: () => undefined, warn, error: warn };
  let config: ServerConfig;
  try {
    config = loadServerConfig({ argv: [configFile], env, coreCount, log });
  } catch (caught) {
    if (!(caught instanceof StartError)) throw caught;
    return { config: null, findings: [...refused(caught, configFile), ...warned] };
  }
  const advice = keyAdvice(configLines(configFile, readFileSync(configFile))).map(findingOf);
  const findings = [...warned, ...advice];
  if (!findings.some(({ severity }) => severity === 'warning')) findings.push(ok(CHECK, 'is right', configFile));
  return { config, findings };
}

function refused(caught: StartError, configFile: string): Finding[] {
  const details = explainConfigError(caught, configFile);
  const sentence = `${caught.sentence}: ${causeChain(caught)}`;
  if (details.length === 0) return [error(CHECK, sentence, configFile, 'Correct the file; no server starts with it.')];
  return details.map((detail) => {
    const colon = detail.indexOf(': ');
    return error(CHECK, detail.slice(colon + 2), detail.slice(0, colon), `Correct it; a start ends with: ${sentence}`);
  });
}

function findingOf({ kind, place, text, remedy }: Advice): Finding {
  if (kind === 'idle') return info(CHECK, text, place);
  if (kind === 'alias') return info(CHECK, text, place, remedy);
  return warning(CHECK, text, place, remedy);
}

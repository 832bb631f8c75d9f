// Who the members are, and what that makes of this server: one that stands alone, or a member of an ensemble
// (ensemble-protocol 1.2). The members stand in zoo.cfg or in the dynamic configuration that it names. Used on the main
// thread while the server starts; what a member's line says is read in quorum-config.ts. Nothing is written: a proposed
// configuration that is found is handed on as it is.

import { resolve } from 'node:path';
import type { Logger } from '../actor/logger.js';
import { decodeUtf8 } from '../base/utf8.js';
import { isMembershipKey } from '../election/quorum-config-text.js';
import type { QuorumMember } from '../election/quorum-verifier.js';
import { DynamicConfigFiles, versionOfDynamicPath } from '../persistence/dynamic-config-files.js';
import { NodeFileStore } from '../persistence/node-file-store.js';
import { readPairs } from './config-file.js';
import { checkDynamicKeys, parseQuorumConfig } from './quorum-config.js';
import { type ConfiguredMembers, isMultiAddress } from './quorum-peer-config.js';
import { BadValueError, type Settings } from './settings.js';
import { ConfigError } from './start-error.js';

export function readMembership(pairs: ReadonlyMap<string, string>, settings: Settings, log: Logger): ConfiguredMembers {
  const multiAddress = isMultiAddress(settings);
  const dynamicFile = settings.strictText('dynamicConfigFile');
  if (dynamicFile === null) {
    const members = parseQuorumConfig(pairs, multiAddress);
    return { members, versionHi: 0, versionLo: 0, hasDynamicFile: false };
  }
  for (const key of pairs.keys()) {
    if (isMembershipKey(key)) throw new ConfigError(`parameter: ${key} must be in a separate dynamic config file`);
  }
  try {
    const dynamicPairs = readPairs(dynamicFile, log, ' (No such file or directory)');
    checkDynamicKeys(dynamicPairs);
    const { hi: versionHi, lo: versionLo } = versionOfDynamicPath(dynamicFile);
    const members = parseQuorumConfig(dynamicPairs, multiAddress);
    return { members, versionHi, versionLo, hasDynamicFile: true };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`Error processing ${dynamicFile}`, { cause: error });
  }
}

/** Proposed members, beside a configuration file that was committed before them. */
export function readNextMembers(path: string | null, settings: Settings): string | null {
  if (path === null) {
    if (!settings.strictBool('reconfigEnabled')) return null;
    throw new ConfigError('reconfigEnabled needs a configuration file, which reconfigurations change');
  }
  const bytes = new DynamicConfigFiles(new NodeFileStore(), resolve(path)).readNext();
  return bytes === null ? null : decodeUtf8(bytes, 0, bytes.length);
}

/** True: a member of an ensemble. What neither may be is refused. */
export function isOfEnsemble(
  settings: Settings,
  { members }: ConfiguredMembers,
  hasMyid: boolean,
  log: Logger,
): boolean {
  const participantCount = members.servers.filter((server) => server.type === 'participant').length;
  const observerCount = members.servers.length - participantCount;
  const standaloneEnabled = settings.strictBool('standaloneEnabled');
  const limits = { initLimit: settings.strictInt('initLimit'), syncLimit: settings.strictInt('syncLimit') };
  if (participantCount > 1 || (participantCount === 1 && !standaloneEnabled)) {
    warnOfCount(participantCount, log);
    checkMember(settings, limits, hasMyid);
    return true;
  }
  if (participantCount === 1) {
    log.error('Invalid configuration, only one server specified (ignoring)');
    if (observerCount > 0) throw new BadValueError('Observers w/o quorum is an invalid configuration');
  } else {
    if (!standaloneEnabled) {
      throw new BadValueError('standaloneEnabled = false then number of participants should be >0');
    }
    if (observerCount > 0) throw new BadValueError('Observers w/o participants is an invalid configuration');
  }
  log.warn('Either no config or no quorum defined in config, running in standalone mode');
  return false;
}

function warnOfCount(participantCount: number, log: Logger): void {
  if (participantCount <= 2) log.warn('No server failure will be tolerated. You need at least 3 servers.');
  else if (participantCount % 2 === 0) log.warn('Non-optimal configuration, consider an odd number of servers.');
}

/** What only a member of an ensemble must have, or may not have. */
function checkMember(settings: Settings, limits: Readonly<Record<string, number>>, hasMyid: boolean): void {
  for (const [key, value] of Object.entries(limits)) if (value === 0) throw new BadValueError(`${key} is not set`);
  if (!hasMyid) throw new BadValueError('myid file is missing');
  if (settings.strictText('oraclePath') !== null) {
    throw new ConfigError('oraclePath is set, but this server knows no oracle: two members are a quorum together only');
  }
}

/** Who votes is said by the list of members, whatever peerType says, or does not say. */
export function warnIfOtherRole(settings: Settings, own: QuorumMember, log: Logger): void {
  const peerType = settings.strictText('peerType')?.toUpperCase() ?? '';
  const role = own.type.toUpperCase();
  if (peerType === role) return;
  log.warn(`Peer type from servers list (${role}) doesn't match peerType (${peerType}). Defaulting to servers list.`);
}

// Keys that must be right even where nothing depends on them: the reference reads them all, whatever kind of server starts,
// and refuses a file for any of them. So a file that is refused here is refused there, and one that starts as a member
// tomorrow was not accepted by chance today. Used on the main thread while the server starts; it keeps no value.

import type { Logger } from '../actor/logger.js';
import { checkPeerType } from './quorum-config.js';
import { BadValueError, type Settings } from './settings.js';
import { ConfigError } from './start-error.js';

export function checkStrictKeys(settings: Settings, log: Logger): void {
  for (const name of [
    'jvm.pause.monitor',
    'quorumListenOnAllIPs',
    'syncEnabled',
    'sslQuorum',
    'portUnification',
    'sslQuorumReloadCertFiles',
    'multiAddress.reachabilityCheckEnabled',
  ] as const) {
    settings.strictBool(name);
  }
  for (const name of [
    'jvm.pause.warn-threshold.ms',
    'jvm.pause.info-threshold.ms',
    'jvm.pause.sleep.time.ms',
    'connectToLearnerMasterLimit',
    'multiAddress.reachabilityCheckTimeoutMs',
    'quorum.cnxn.threads.size',
  ] as const) {
    settings.strictInt(name);
  }
  if (settings.strictInt('electionAlg') !== 3) throw new ConfigError('Invalid electionAlg value. Only 3 is supported.');
  const peerType = settings.strictText('peerType');
  if (peerType !== null) checkPeerType(peerType);
  checkSaslOrder(settings);
  const observerMasterPort = settings.strictInt('observerMasterPort');
  log.info(observerMasterPort > 0 ? `observerMasterPort is ${observerMasterPort}` : 'observerMasterPort is not set');
}

/** Each of these needs the one before it. */
function checkSaslOrder(settings: Settings): void {
  const enabled = settings.strictBool('quorum.auth.enableSasl');
  const learner = settings.strictBool('quorum.auth.learnerRequireSasl');
  const server = settings.strictBool('quorum.auth.serverRequireSasl');
  const refuse = (missing: string, wanted: string) => {
    throw new BadValueError(`quorum.auth.${missing} is disabled, so cannot enable quorum.auth.${wanted}`);
  };
  if (!enabled && server) refuse('enableSasl', 'serverRequireSasl');
  if (!enabled && learner) refuse('enableSasl', 'learnerRequireSasl');
  if (!learner && server) refuse('learnerRequireSasl', 'serverRequireSasl');
}

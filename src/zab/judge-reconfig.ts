/**
 * The leader's answer to a request to change the members (ensemble-protocol 9.3), which prep sends as `judge` and waits for: it
 * makes a transaction of either answer. Only the leader knows which followers are up to date, and a configuration that has no quorum
 * of those could never be committed; and the leader whose disk refused its file could not go on with it. Nothing is changed here.
 */
import { AssertionError } from '../base/assert.js';
import { hiOf, loOf } from '../base/int64.js';
import { encodeUtf8 } from '../base/utf8.js';
import { planReconfig } from '../election/reconfig-plan.js';
import { JuteReader } from '../jute/jute-reader.js';
import { PIPELINE_HEADER_BYTES, WORD_LENGTH_A, WORD_LENGTH_B } from '../processor/pipeline-records.js';
import { ErrorCode } from '../protocol/error-code.js';
import { decodeReconfigRequest } from '../protocol/requests.js';
import type { RoleHost } from './role.js';

const NO_BYTES = new Uint8Array(0);

/** A record of type `judge`. `syncedVoters`: this server, and the followers that are up to date and alive. */
export function judgeReconfig(
  bytes: Uint8Array,
  words: Int32Array,
  offset: number,
  { configs, line, log }: Pick<RoleHost, 'configs' | 'line' | 'log'>,
  isStandaloneEnabled: boolean,
  syncedVoters: ReadonlySet<number>,
): void {
  const at = offset >> 2;
  const body = offset + PIPELINE_HEADER_BYTES + (words[at + WORD_LENGTH_A] as number);
  const end = body + (words[at + WORD_LENGTH_B] as number);
  const request = decodeReconfigRequest(new JuteReader(bytes, body, end));
  const plan = planReconfig(
    {
      joining: request.joiningServers,
      leaving: request.leavingServers,
      newMembers: request.newMembers,
      fromVersionHi: hiOf(request.curConfigId),
      fromVersionLo: loOf(request.curConfigId),
    },
    {
      committed: configs.committed,
      lastSeen: configs.lastSeen,
      standaloneEnabled: isStandaloneEnabled,
      isQuorumSynced: (config) => config.containsQuorum(syncedVoters),
    },
  );
  if (plan.error !== ErrorCode.Ok) {
    log.info(`refuses a reconfiguration: ${plan.reason}`);
    line.judged(plan.error, NO_BYTES);
    return;
  }
  const refusal = refusalOfDisk(() => configs.rehearse(plan.config));
  if (refusal !== null) {
    // Later this would end the leader's role, and its client would learn nothing.
    log.error(`refuses a reconfiguration: the new members cannot be written beside the configuration file: ${refusal}`);
    line.judged(ErrorCode.SystemError, NO_BYTES);
    return;
  }
  // Without a version, which is the zxid of its transaction.
  const text = plan.config.toText();
  line.judged(ErrorCode.Ok, encodeUtf8(text.slice(0, text.lastIndexOf('version='))));
}

function refusalOfDisk(write: () => void): string | null {
  try {
    write();
    return null;
  } catch (error) {
    if (error instanceof AssertionError) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

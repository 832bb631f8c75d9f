/**
 * reconfig on a standalone server: there is no membership to change, so every well-formed request fails; what it fails with
 * is in the order of client-protocol 5.4. Planner of the prep stage, on its thread; changes nothing.
 */
import { ErrorCode } from '../../protocol/error-code.js';
import { DECODE_FAILED, type PrepRequest } from './prep-request.js';

const CONFIG_ID_BYTES = 8;

export function planReconfig(request: PrepRequest): number {
  const body = request.body;
  // joiningServers, leavingServers, newMembers.
  for (let list = 0; list < 3; list++) body.readSlice();
  body.skip(CONFIG_ID_BYTES);
  if (body.failed) return DECODE_FAILED;
  if (!request.reconfigEnabled) return ErrorCode.ReconfigDisabled;
  const session = request.checkSession();
  return session !== ErrorCode.Ok ? session : ErrorCode.Unimplemented;
}

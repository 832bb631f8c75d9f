/** The replies of a server about one node without data, for tests of what a client does with them whatever they say. */
import { encodeGetDataResponse, encodeStatResponse } from '../../../src/protocol/replies.js';
import type { Stat } from '../../../src/protocol/stat.js';
import { reply } from './fake-world.js';

export const STAT: Stat = {
  czxid: 3n,
  mzxid: 3n,
  ctime: 0n,
  mtime: 0n,
  version: 0,
  cversion: 0,
  aversion: 0,
  ephemeralOwner: 0n,
  dataLength: 0,
  numChildren: 0,
  pzxid: 3n,
};

export const dataReply = (xid: number): Uint8Array =>
  reply(xid, 9n, 0, (w) => encodeGetDataResponse(w, { data: null, stat: STAT }));

export const statReply = (xid: number): Uint8Array => reply(xid, 9n, 0, (w) => encodeStatResponse(w, { stat: STAT }));

/**
 * Many nodes read through one connection, so many at once: for those who hold everything that was ever written against what a
 * server shows.
 */
import { counted, Op, request, type WireConnection } from './wire-connection.js';

const AT_ONCE = 64;
const NO_NODE = -101;

export interface FoundNode {
  readonly data: Buffer;
  readonly mzxid: bigint;
  readonly version: number;
}

/** By path; null where there is no node. `nextXid` numbers the requests, `patienceMs` is how long a reply may take. */
export async function readNodes(
  connection: WireConnection,
  nextXid: () => number,
  paths: readonly string[],
  patienceMs?: number,
): Promise<Map<string, FoundNode | null>> {
  const found = new Map<string, FoundNode | null>();
  for (let from = 0; from < paths.length; from += AT_ONCE) {
    const batch = paths.slice(from, from + AT_ONCE);
    connection.send(...batch.map((path) => request(nextXid(), Op.GetData, counted(path), Uint8Array.of(0))));
    for (const path of batch) {
      const { err, body } = await connection.nextReply(patienceMs);
      if (err !== 0 && err !== NO_NODE) throw new Error(`reading ${path} failed with ${err}`);
      found.set(path, err === NO_NODE ? null : foundNode(body));
    }
  }
  return found;
}

/** Of a GetDataResponse. */
function foundNode(body: Buffer): FoundNode {
  const length = body.readInt32BE(0);
  const stat = body.subarray(4 + length);
  return {
    data: body.subarray(4, 4 + length),
    mzxid: stat.readBigInt64BE(8),
    version: stat.readInt32BE(32),
  };
}

/**
 * What a learner brings for prep: its clients' requests, its sessions that move to it, and which of its sessions are alive
 * (ensemble-protocol 6.2, 7.2). Each packet becomes one record of prep's, as its bytes came; or it waits, and with it everything
 * behind it on its connection, until prep has room: nothing is kept here.
 *
 * Owned by a LearnerHandler, on the quorum peer's thread. No learner is believed: lengths are looked at before anything is read,
 * and the ops that only our own stages say are refused.
 */
import { readInt32 } from '../base/bytes.js';
import { InternalOp } from '../processor/pipeline-records.js';
import type { RequestInlet } from './learner-master.js';
import { REQUEST_BODY, REQUEST_CXID, REQUEST_OP, SESSION_ENTRY_BYTES, SESSION_ENTRY_TIMEOUT } from './quorum-packet.js';

/** `later`: nothing of it was taken, and it comes again. */
export const InletVerdict = { taken: 0, later: 1, malformed: 2 } as const;
export type InletVerdict = (typeof InletVerdict)[keyof typeof InletVerdict];

/** A request's records in prep's mailbox, beyond its bytes. */
const RECORD_BYTES = 128;
const NOBODY = new Uint8Array([0xff, 0xff, 0xff, 0xff]); // vector<Id> of null

export class LearnerInlet {
  private readonly line: RequestInlet;
  private readonly link: number;

  /** `link`: its number, by which the answers find it. */
  constructor(line: RequestInlet, link: number) {
    this.line = line;
    this.link = link;
  }

  /** The data of a REQUEST, and its vector<Id>. */
  request(
    bytes: Uint8Array,
    dataOffset: number,
    dataLength: number,
    idsOffset: number,
    idsLength: number,
  ): InletVerdict {
    if (dataLength < REQUEST_BODY) return InletVerdict.malformed;
    const op = readInt32(bytes, dataOffset + REQUEST_OP);
    // Those are said by our own stages only.
    if (op >= InternalOp.reopenSession) return InletVerdict.malformed;
    if (!this.line.hasRoomForRequests(RECORD_BYTES + dataLength + idsLength)) return InletVerdict.later;
    this.line.forwarded(
      this.link,
      op,
      readInt32(bytes, dataOffset + REQUEST_CXID),
      readInt32(bytes, dataOffset),
      readInt32(bytes, dataOffset + 4),
      bytes,
      idsOffset,
      idsLength,
      bytes,
      dataOffset + REQUEST_BODY,
      dataLength - REQUEST_BODY,
    );
    return InletVerdict.taken;
  }

  /** The data of a PING: (long session, int timeoutMs)*. */
  touches(bytes: Uint8Array, dataOffset: number, dataLength: number): InletVerdict {
    if (dataLength % SESSION_ENTRY_BYTES > 0) return InletVerdict.malformed;
    if (dataLength <= 0) return InletVerdict.taken;
    if (!this.line.hasRoomForRequests(RECORD_BYTES + dataLength)) return InletVerdict.later;
    this.line.touch(bytes, dataOffset, dataLength);
    return InletVerdict.taken;
  }

  /** The data of a REVALIDATE: long session, int timeoutMs. */
  revalidate(bytes: Uint8Array, dataOffset: number, dataLength: number): InletVerdict {
    if (dataLength !== SESSION_ENTRY_BYTES) return InletVerdict.malformed;
    if (!this.line.hasRoomForRequests(RECORD_BYTES + dataLength)) return InletVerdict.later;
    this.line.forwarded(
      this.link,
      InternalOp.reopenSession,
      0,
      readInt32(bytes, dataOffset),
      readInt32(bytes, dataOffset + 4),
      NOBODY,
      0,
      NOBODY.length,
      bytes,
      dataOffset + SESSION_ENTRY_TIMEOUT,
      4,
    );
    return InletVerdict.taken;
  }
}

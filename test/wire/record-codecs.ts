// Which record stands behind the header of a frame, by the name of the operation: the table the golden frames are
// checked against. null: nothing stands there. Tests only.

import type { JuteReader } from '../../src/jute/jute-reader.js';
import type { JuteWriter } from '../../src/jute/jute-writer.js';
import * as connect from '../../src/protocol/connect.js';
import * as multi from '../../src/protocol/multi.js';
import { OpCode } from '../../src/protocol/op-code.js';
import * as replies from '../../src/protocol/replies.js';
import * as requests from '../../src/protocol/requests.js';

export interface Codec {
  readonly encode: (w: JuteWriter, record: unknown) => void;
  readonly decode: (r: JuteReader) => unknown;
}

export function codec<T>(encode: (w: JuteWriter, record: T) => void, decode: (r: JuteReader) => T): Codec {
  return { encode: (w, record) => encode(w, record as T), decode };
}

const CREATE = codec(requests.encodeCreateRequest, requests.decodeCreateRequest);
const CREATE2_RESPONSE = codec(replies.encodeCreate2Response, replies.decodeCreate2Response);
const GET_DATA_RESPONSE = codec(replies.encodeGetDataResponse, replies.decodeGetDataResponse);
const MULTI_RESPONSE = codec(multi.encodeMultiResponse, multi.decodeMultiResponse);

/** operation -> [behind the request header, behind the reply header] */
export const FRAME_CODECS: Readonly<Record<string, readonly [Codec | null, Codec | null]>> = {
  create: [CREATE, codec(replies.encodeCreateResponse, replies.decodeCreateResponse)],
  create2: [CREATE, CREATE2_RESPONSE],
  createContainer: [CREATE, CREATE2_RESPONSE],
  createTTL: [codec(requests.encodeCreateTTLRequest, requests.decodeCreateTTLRequest), CREATE2_RESPONSE],
  delete: [codec(requests.encodeDeleteRequest, requests.decodeDeleteRequest), null],
  exists: [
    codec(requests.encodeExistsRequest, requests.decodeExistsRequest),
    codec(replies.encodeExistsResponse, replies.decodeExistsResponse),
  ],
  getData: [codec(requests.encodeGetDataRequest, requests.decodeGetDataRequest), GET_DATA_RESPONSE],
  setData: [
    codec(requests.encodeSetDataRequest, requests.decodeSetDataRequest),
    codec(replies.encodeSetDataResponse, replies.decodeSetDataResponse),
  ],
  getACL: [
    codec(requests.encodeGetACLRequest, requests.decodeGetACLRequest),
    codec(replies.encodeGetACLResponse, replies.decodeGetACLResponse),
  ],
  setACL: [
    codec(requests.encodeSetACLRequest, requests.decodeSetACLRequest),
    codec(replies.encodeSetACLResponse, replies.decodeSetACLResponse),
  ],
  getChildren: [
    codec(requests.encodeGetChildrenRequest, requests.decodeGetChildrenRequest),
    codec(replies.encodeGetChildrenResponse, replies.decodeGetChildrenResponse),
  ],
  getChildren2: [
    codec(requests.encodeGetChildren2Request, requests.decodeGetChildren2Request),
    codec(replies.encodeGetChildren2Response, replies.decodeGetChildren2Response),
  ],
  sync: [
    codec(requests.encodeSyncRequest, requests.decodeSyncRequest),
    codec(replies.encodeSyncResponse, replies.decodeSyncResponse),
  ],
  multi: [codec(multi.encodeMultiRequest, (r) => multi.decodeMultiRequest(r, OpCode.multi)), MULTI_RESPONSE],
  multiRead: [codec(multi.encodeMultiRequest, (r) => multi.decodeMultiRequest(r, OpCode.multiRead)), MULTI_RESPONSE],
  reconfig: [codec(requests.encodeReconfigRequest, requests.decodeReconfigRequest), GET_DATA_RESPONSE],
  checkWatches: [codec(requests.encodeCheckWatchesRequest, requests.decodeCheckWatchesRequest), null],
  removeWatches: [codec(requests.encodeRemoveWatchesRequest, requests.decodeRemoveWatchesRequest), null],
  setWatches: [codec(requests.encodeSetWatches, requests.decodeSetWatches), null],
  setWatches2: [codec(requests.encodeSetWatches2, requests.decodeSetWatches2), null],
  addWatch: [
    codec(requests.encodeAddWatchRequest, requests.decodeAddWatchRequest),
    codec(replies.encodeErrorResponse, replies.decodeErrorResponse),
  ],
  auth: [codec(connect.encodeAuthPacket, connect.decodeAuthPacket), null],
  sasl: [
    codec(connect.encodeGetSASLRequest, connect.decodeGetSASLRequest),
    codec(connect.encodeSetSASLResponse, connect.decodeSetSASLResponse),
  ],
  getEphemerals: [
    codec(requests.encodeGetEphemeralsRequest, requests.decodeGetEphemeralsRequest),
    codec(replies.encodeGetEphemeralsResponse, replies.decodeGetEphemeralsResponse),
  ],
  getAllChildrenNumber: [
    codec(requests.encodeGetAllChildrenNumberRequest, requests.decodeGetAllChildrenNumberRequest),
    codec(replies.encodeGetAllChildrenNumberResponse, replies.decodeGetAllChildrenNumberResponse),
  ],
  whoAmI: [null, codec(replies.encodeWhoAmIResponse, replies.decodeWhoAmIResponse)],
  event: [null, codec(replies.encodeWatcherEvent, replies.decodeWatcherEvent)],
  ping: [null, null],
  closeSession: [null, null],
  unknown: [null, null],
};

export const CONNECT_CODECS: readonly [Codec, Codec] = [
  codec(connect.encodeConnectRequest, connect.decodeConnectRequest),
  codec(connect.encodeConnectResponse, connect.decodeConnectResponse),
];

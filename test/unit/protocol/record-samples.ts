// Every record of the protocol with its codec and a generator of samples: nulls, empty and long values, characters of
// every width, extreme numbers. A sample is what its own decoder returns, so that a round trip can be compared whole.

import { int64FromHalves } from '../../../src/base/int64.js';
import type { Prng } from '../../../src/base/prng.js';
import * as acl from '../../../src/protocol/acl.js';
import * as connect from '../../../src/protocol/connect.js';
import * as headers from '../../../src/protocol/headers.js';
import * as multi from '../../../src/protocol/multi.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import * as replies from '../../../src/protocol/replies.js';
import * as requests from '../../../src/protocol/requests.js';
import * as stat from '../../../src/protocol/stat.js';
import * as stored from '../../../src/protocol/stored-records.js';
import * as txns from '../../../src/protocol/txns.js';
import { type Codec, codec } from '../../wire/record-codecs.js';

export interface RecordSample extends Codec {
  readonly name: string;
  readonly sample: (prng: Prng) => unknown;
  /**
   * Byte counts, less than the whole, at which a sample decodes too: where an optional part was cut off. Everywhere
   * else a cut must throw.
   */
  readonly legalCuts: (record: unknown, byteLength: number) => number[];
}

type Sampler<T> = (prng: Prng) => T;

const bool: Sampler<boolean> = (prng) => prng.below(2) === 1;
const INTS = [0, 1, -1, -2, 0x7fff_ffff, -0x8000_0000];
const int: Sampler<number> = (prng) => (bool(prng) ? pick(prng, INTS) : prng.next32() | 0);
const long: Sampler<bigint> = (prng) => int64FromHalves(int(prng), int(prng));
const TEXTS = ['', '/', '/a', '/v/s-0000000001', '/é中', 'a b', '\ud83d\ude00', '\u0000', '=,;:\n', 'x'.repeat(300)];
const text: Sampler<string> = (prng) => pick(prng, TEXTS);
const nullableText: Sampler<string | null> = (prng) => (prng.below(5) === 0 ? null : text(prng));

const buffer: Sampler<Uint8Array | null> = (prng) => {
  if (prng.below(5) === 0) return null;
  return Uint8Array.from({ length: prng.below(4) === 0 ? 400 : prng.below(20) }, () => prng.below(256));
};

const listOf =
  <T>(sampler: Sampler<T>): Sampler<T[]> =>
  (prng) =>
    Array.from({ length: prng.below(4) }, () => sampler(prng));

const nullable =
  <T>(sampler: Sampler<T>): Sampler<T | null> =>
  (prng) =>
    prng.below(5) === 0 ? null : sampler(prng);

function pick<T>(prng: Prng, list: readonly T[]): T {
  return list[prng.below(list.length)];
}

const id: Sampler<acl.Id> = (p) => ({ scheme: nullableText(p), id: nullableText(p) });
const aclEntry: Sampler<acl.ACL> = (p) => ({ perms: int(p), id: id(p) });
const acls = nullable(listOf(aclEntry));
const clientInfo: Sampler<acl.ClientInfo> = (p) => ({ authScheme: text(p), user: text(p) });

const statRecord: Sampler<stat.Stat> = (p) => ({
  czxid: long(p),
  mzxid: long(p),
  ctime: long(p),
  mtime: long(p),
  version: int(p),
  cversion: int(p),
  aversion: int(p),
  ephemeralOwner: long(p),
  dataLength: int(p),
  numChildren: int(p),
  pzxid: long(p),
});

const path: Sampler<requests.PathRequest> = (p) => ({ path: nullableText(p) });
const watchable: Sampler<requests.WatchableRequest> = (p) => ({ path: nullableText(p), watch: bool(p) });
const versioned: Sampler<requests.VersionedRequest> = (p) => ({ path: nullableText(p), version: int(p) });
const create: Sampler<requests.CreateRequest> = (p) => ({
  path: nullableText(p),
  data: buffer(p),
  acl: acls(p),
  flags: int(p),
});
const createTtl: Sampler<requests.CreateTTLRequest> = (p) => ({ ...create(p), ttl: long(p) });
const setData: Sampler<requests.SetDataRequest> = (p) => ({ path: nullableText(p), data: buffer(p), version: int(p) });
const watchPaths = nullable(listOf(nullableText));
const setWatches: Sampler<requests.SetWatches> = (p) => ({
  relativeZxid: long(p),
  dataWatches: watchPaths(p),
  existWatches: watchPaths(p),
  childWatches: watchPaths(p),
});

const writeOp: Sampler<multi.MultiOp> = (p) => {
  switch (p.below(5)) {
    case 0:
      return {
        type: pick(p, [OpCode.create, OpCode.create2, OpCode.createContainer]),
        request: create(p),
      };
    case 1:
      return { type: OpCode.createTTL, request: createTtl(p) };
    case 2:
      return { type: OpCode.delete, request: versioned(p) };
    case 3:
      return { type: OpCode.setData, request: setData(p) };
    default:
      return { type: OpCode.check, request: versioned(p) };
  }
};
const readOp: Sampler<multi.MultiOp> = (p) => ({
  type: pick(p, [OpCode.getData, OpCode.getChildren]),
  request: watchable(p),
});
const multiResult: Sampler<multi.MultiResult> = (p) => {
  switch (p.below(7)) {
    case 0:
      return { type: OpCode.create, response: { path: text(p) } };
    case 1:
      return { type: OpCode.create2, response: { path: text(p), stat: statRecord(p) } };
    case 2:
      return { type: pick(p, [OpCode.delete, OpCode.check]), response: null };
    case 3:
      return { type: OpCode.setData, response: { stat: statRecord(p) } };
    case 4:
      return { type: OpCode.getData, response: { data: buffer(p), stat: statRecord(p) } };
    case 5:
      return { type: OpCode.getChildren, response: { children: listOf(text)(p) } };
    default:
      return { type: OpCode.error, response: { err: int(p) } };
  }
};

const txnHeader: Sampler<txns.TxnHeader> = (p) => ({
  clientId: long(p),
  cxid: int(p),
  zxid: long(p),
  time: long(p),
  type: int(p),
});
const createTxnV0: Sampler<txns.CreateTxnV0> = (p) => ({
  path: text(p),
  data: buffer(p),
  acl: acls(p),
  ephemeral: bool(p),
});
const createTxn: Sampler<txns.CreateTxn> = (p) => ({ ...createTxnV0(p), parentCVersion: int(p) });
const containerTxn: Sampler<txns.CreateContainerTxn> = (p) => ({
  path: text(p),
  data: buffer(p),
  acl: acls(p),
  parentCVersion: int(p),
});
const ttlTxn: Sampler<txns.CreateTTLTxn> = (p) => ({ ...containerTxn(p), ttl: long(p) });
const deleteTxn: Sampler<txns.DeleteTxn> = (p) => ({ path: text(p) });
const setDataTxn: Sampler<txns.SetDataTxn> = (p) => ({ path: text(p), data: buffer(p), version: int(p) });
const setAclTxn: Sampler<txns.SetACLTxn> = (p) => ({ path: text(p), acl: acls(p), version: int(p) });
const checkTxn: Sampler<txns.CheckVersionTxn> = (p) => ({ path: text(p), version: int(p) });
const errorTxn: Sampler<txns.ErrorTxn> = (p) => ({ err: int(p) });
const createSessionTxn: Sampler<txns.CreateSessionTxn> = (p) => ({ timeOut: int(p) });
const absolutePath: Sampler<string> = (p) => `/${text(p)}`;
const closeSessionTxn: Sampler<txns.CloseSessionTxn> = (p) => ({ paths2Delete: listOf(absolutePath)(p) });
const digest: Sampler<txns.TxnDigest> = (p) => ({ version: int(p), treeDigest: long(p) });

export const subTxnBody: Sampler<txns.TxnBody> = (p) => {
  switch (p.below(7)) {
    case 0:
      return { type: pick(p, [OpCode.create, OpCode.create2]), txn: createTxn(p) };
    case 1:
      return { type: OpCode.createContainer, txn: containerTxn(p) };
    case 2:
      return { type: OpCode.createTTL, txn: ttlTxn(p) };
    case 3:
      return { type: pick(p, [OpCode.delete, OpCode.deleteContainer]), txn: deleteTxn(p) };
    case 4:
      return { type: OpCode.setData, txn: setDataTxn(p) };
    case 5:
      return { type: OpCode.check, txn: checkTxn(p) };
    default:
      return { type: OpCode.error, txn: errorTxn(p) };
  }
};
const multiTxn: Sampler<txns.MultiTxn> = (p) => ({ txns: listOf(subTxnBody)(p).map(txns.encodeSubTxn) });
const entryBody: Sampler<txns.TxnBody> = (p) => {
  switch (p.below(5)) {
    case 0:
      return { type: OpCode.setACL, txn: setAclTxn(p) };
    case 1:
      return { type: OpCode.multi, txn: multiTxn(p) };
    case 2:
      return { type: OpCode.createSession, txn: createSessionTxn(p) };
    case 3:
      return { type: OpCode.closeSession, txn: nullable(closeSessionTxn)(p) };
    default: {
      const body = subTxnBody(p);
      return body.type === OpCode.check ? { type: OpCode.reconfig, txn: setDataTxn(p) } : body;
    }
  }
};
const entry: Sampler<txns.TxnEntry> = (p) => {
  const body = entryBody(p);
  return { header: { ...txnHeader(p), type: body.type }, body, digest: nullable(digest)(p) };
};

const statPersisted: Sampler<stored.StatPersisted> = (p) => {
  const { dataLength: _dataLength, numChildren: _numChildren, ...persisted } = statRecord(p);
  return persisted;
};

function record<T>(
  name: string,
  both: Codec,
  sample: Sampler<T>,
  legalCuts: (record: T, byteLength: number) => number[] = () => [],
): RecordSample {
  return { name, ...both, sample, legalCuts: (value, byteLength) => legalCuts(value as T, byteLength) };
}

/** readOnly is the last byte and may be absent. */
const readOnlyCut = (r: { readonly readOnly: boolean | null }, byteLength: number): number[] =>
  r.readOnly === null ? [] : [byteLength - 1];

export const RECORD_SAMPLES: readonly RecordSample[] = [
  record('Id', codec(acl.encodeId, acl.decodeId), id),
  record('ACL', codec(acl.encodeACL, acl.decodeACL), aclEntry),
  record('ClientInfo', codec(acl.encodeClientInfo, acl.decodeClientInfo), clientInfo),
  record('Stat', codec(stat.encodeStat, stat.decodeStat), statRecord),
  record('RequestHeader', codec(headers.encodeRequestHeader, headers.decodeRequestHeader), (p) => ({
    xid: int(p),
    type: int(p),
  })),
  record('ReplyHeader', codec(headers.encodeReplyHeader, headers.decodeReplyHeader), (p) => ({
    xid: int(p),
    zxid: long(p),
    err: int(p),
  })),
  record(
    'ConnectRequest',
    codec(connect.encodeConnectRequest, connect.decodeConnectRequest),
    (p): connect.ConnectRequest => ({
      protocolVersion: int(p),
      lastZxidSeen: long(p),
      timeOut: int(p),
      sessionId: long(p),
      passwd: buffer(p),
      readOnly: nullable(bool)(p),
    }),
    readOnlyCut,
  ),
  record(
    'ConnectResponse',
    codec(connect.encodeConnectResponse, connect.decodeConnectResponse),
    (p): connect.ConnectResponse => ({
      protocolVersion: int(p),
      timeOut: int(p),
      sessionId: long(p),
      passwd: buffer(p),
      readOnly: nullable(bool)(p),
    }),
    readOnlyCut,
  ),
  record('AuthPacket', codec(connect.encodeAuthPacket, connect.decodeAuthPacket), (p) => ({
    type: int(p),
    scheme: nullableText(p),
    auth: buffer(p),
  })),
  record('GetSASLRequest', codec(connect.encodeGetSASLRequest, connect.decodeGetSASLRequest), (p) => ({
    token: buffer(p),
  })),
  record('SetSASLResponse', codec(connect.encodeSetSASLResponse, connect.decodeSetSASLResponse), (p) => ({
    token: buffer(p),
  })),
  record('PathRequest', codec(requests.encodePathRequest, requests.decodePathRequest), path),
  record('WatchableRequest', codec(requests.encodeWatchableRequest, requests.decodeWatchableRequest), watchable),
  record('VersionedRequest', codec(requests.encodeVersionedRequest, requests.decodeVersionedRequest), versioned),
  record('WatchesRequest', codec(requests.encodeWatchesRequest, requests.decodeWatchesRequest), (p) => ({
    path: nullableText(p),
    type: int(p),
  })),
  record('CreateRequest', codec(requests.encodeCreateRequest, requests.decodeCreateRequest), create),
  record('CreateTTLRequest', codec(requests.encodeCreateTTLRequest, requests.decodeCreateTTLRequest), createTtl),
  record(
    'DeleteContainerRequest',
    codec(requests.encodeDeleteContainerRequest, requests.decodeDeleteContainerRequest),
    (p) => ({ path: buffer(p) }),
  ),
  record('SetDataRequest', codec(requests.encodeSetDataRequest, requests.decodeSetDataRequest), setData),
  record('SetACLRequest', codec(requests.encodeSetACLRequest, requests.decodeSetACLRequest), (p) => ({
    path: nullableText(p),
    acl: acls(p),
    version: int(p),
  })),
  record(
    'GetEphemeralsRequest',
    codec(requests.encodeGetEphemeralsRequest, requests.decodeGetEphemeralsRequest),
    (p) => ({ prefixPath: nullableText(p) }),
  ),
  record('ReconfigRequest', codec(requests.encodeReconfigRequest, requests.decodeReconfigRequest), (p) => ({
    joiningServers: nullableText(p),
    leavingServers: nullableText(p),
    newMembers: nullableText(p),
    curConfigId: long(p),
  })),
  record('AddWatchRequest', codec(requests.encodeAddWatchRequest, requests.decodeAddWatchRequest), (p) => ({
    path: nullableText(p),
    mode: int(p),
  })),
  record('SetWatches', codec(requests.encodeSetWatches, requests.decodeSetWatches), setWatches),
  record('SetWatches2', codec(requests.encodeSetWatches2, requests.decodeSetWatches2), (p) => ({
    ...setWatches(p),
    persistentWatches: watchPaths(p),
    persistentRecursiveWatches: watchPaths(p),
  })),
  record('CreateResponse', codec(replies.encodeCreateResponse, replies.decodeCreateResponse), (p) => ({
    path: text(p),
  })),
  record('Create2Response', codec(replies.encodeCreate2Response, replies.decodeCreate2Response), (p) => ({
    path: text(p),
    stat: statRecord(p),
  })),
  record('StatResponse', codec(replies.encodeStatResponse, replies.decodeStatResponse), (p) => ({
    stat: statRecord(p),
  })),
  record('GetDataResponse', codec(replies.encodeGetDataResponse, replies.decodeGetDataResponse), (p) => ({
    data: buffer(p),
    stat: statRecord(p),
  })),
  record('GetACLResponse', codec(replies.encodeGetACLResponse, replies.decodeGetACLResponse), (p) => ({
    acl: listOf(aclEntry)(p),
    stat: statRecord(p),
  })),
  record('GetChildrenResponse', codec(replies.encodeGetChildrenResponse, replies.decodeGetChildrenResponse), (p) => ({
    children: listOf(text)(p),
  })),
  record(
    'GetChildren2Response',
    codec(replies.encodeGetChildren2Response, replies.decodeGetChildren2Response),
    (p) => ({ children: listOf(text)(p), stat: statRecord(p) }),
  ),
  record(
    'GetAllChildrenNumberResponse',
    codec(replies.encodeGetAllChildrenNumberResponse, replies.decodeGetAllChildrenNumberResponse),
    (p) => ({ totalNumber: int(p) }),
  ),
  record(
    'GetEphemeralsResponse',
    codec(replies.encodeGetEphemeralsResponse, replies.decodeGetEphemeralsResponse),
    (p) => ({ ephemerals: listOf(text)(p) }),
  ),
  record('SyncResponse', codec(replies.encodeSyncResponse, replies.decodeSyncResponse), path),
  record('WhoAmIResponse', codec(replies.encodeWhoAmIResponse, replies.decodeWhoAmIResponse), (p) => ({
    clientInfo: listOf(clientInfo)(p),
  })),
  record('ErrorResponse', codec(replies.encodeErrorResponse, replies.decodeErrorResponse), errorTxn),
  record('WatcherEvent', codec(replies.encodeWatcherEvent, replies.decodeWatcherEvent), (p) => ({
    type: int(p),
    state: int(p),
    path: text(p),
  })),
  record('MultiHeader', codec(multi.encodeMultiHeader, multi.decodeMultiHeader), (p) => ({
    type: int(p),
    done: bool(p),
    err: int(p),
  })),
  record(
    'multi request',
    codec(multi.encodeMultiRequest, (r) => multi.decodeMultiRequest(r)),
    listOf(writeOp),
  ),
  record(
    'multiRead request',
    codec(multi.encodeMultiRequest, (r) => multi.decodeMultiRequest(r, OpCode.multiRead)),
    listOf(readOp),
  ),
  record('multi response', codec(multi.encodeMultiResponse, multi.decodeMultiResponse), listOf(multiResult)),
  record('TxnHeader', codec(txns.encodeTxnHeader, txns.decodeTxnHeader), txnHeader),
  record('CreateTxnV0', codec(txns.encodeCreateTxnV0, txns.decodeCreateTxnV0), createTxnV0),
  record('CreateTxn', codec(txns.encodeCreateTxn, txns.decodeCreateTxn), createTxn),
  record('CreateContainerTxn', codec(txns.encodeCreateContainerTxn, txns.decodeCreateContainerTxn), containerTxn),
  record('CreateTTLTxn', codec(txns.encodeCreateTTLTxn, txns.decodeCreateTTLTxn), ttlTxn),
  record('DeleteTxn', codec(txns.encodeDeleteTxn, txns.decodeDeleteTxn), deleteTxn),
  record('SetDataTxn', codec(txns.encodeSetDataTxn, txns.decodeSetDataTxn), setDataTxn),
  record('SetACLTxn', codec(txns.encodeSetACLTxn, txns.decodeSetACLTxn), setAclTxn),
  record('CheckVersionTxn', codec(txns.encodeCheckVersionTxn, txns.decodeCheckVersionTxn), checkTxn),
  record('MultiTxn', codec(txns.encodeMultiTxn, txns.decodeMultiTxn), multiTxn),
  record('ErrorTxn', codec(txns.encodeErrorTxn, txns.decodeErrorTxn), errorTxn),
  record('CreateSessionTxn', codec(txns.encodeCreateSessionTxn, txns.decodeCreateSessionTxn), createSessionTxn),
  record('CloseSessionTxn', codec(txns.encodeCloseSessionTxn, txns.decodeCloseSessionTxn), closeSessionTxn),
  record('TxnDigest', codec(txns.encodeTxnDigest, txns.decodeTxnDigest), digest),
  record('txn entry', codec(txns.encodeTxnEntry, txns.decodeTxnEntry), entry, entryCuts),
  record('FileHeader', codec(stored.encodeFileHeader, stored.decodeFileHeader), (p) => ({
    magic: int(p),
    version: int(p),
    dbid: long(p),
  })),
  record('StatPersisted', codec(stored.encodeStatPersisted, stored.decodeStatPersisted), statPersisted),
];

/**
 * An entry may lack its digest, an incomplete one is no digest; a create may lack parentCVersion, a closeSession its
 * body. So a cut inside these parts is legal.
 */
function entryCuts({ body, digest }: txns.TxnEntry, byteLength: number): number[] {
  const bodyEnd = byteLength - (digest === null ? 0 : txns.TXN_DIGEST_BYTES);
  let first = bodyEnd;
  if (body.type === OpCode.create) first = bodyEnd - 4;
  const cuts = Array.from({ length: byteLength - first }, (_, i) => first + i);
  if (body.type !== OpCode.closeSession) return cuts;
  // closeSession: whole with its body and no digest, or nothing or 12 bytes behind the header.
  return [txns.TXN_HEADER_BYTES, txns.TXN_HEADER_BYTES + txns.TXN_DIGEST_BYTES, bodyEnd].filter(
    (cut) => cut < byteLength,
  );
}

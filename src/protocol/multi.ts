// The bodies of multi and multiRead in both directions: a row of records, each behind a MultiHeader, and an end header.
// Cold paths (client, tests, tools, and the server's check that a multi decodes at all), any thread.
//
//   request   { type:int | done = 0 | err = -1 | request record }*    -1 | done = 1 | -1
//   response  { type:int | done = 0 | err      | result record  }*    -1 | done = 1 | -1
//
// Only done marks the end. A failed op has the type -1 and its code twice: in the header and as an ErrorResponse. A
// multi holds either writes or reads; anything else in it does not decode.

import { unreachable } from '../base/assert.js';
import { JuteError } from '../jute/jute-error.js';
import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { OpCode } from './op-code.js';
import {
  type Create2Response,
  type CreateResponse,
  decodeCreate2Response,
  decodeCreateResponse,
  decodeErrorResponse,
  decodeGetChildrenResponse,
  decodeGetDataResponse,
  decodeSetDataResponse,
  type ErrorResponse,
  encodeCreate2Response,
  encodeCreateResponse,
  encodeErrorResponse,
  encodeGetChildrenResponse,
  encodeGetDataResponse,
  encodeSetDataResponse,
  type GetChildrenResponse,
  type GetDataResponse,
  type SetDataResponse,
} from './replies.js';
import {
  type CheckVersionRequest,
  type CreateRequest,
  type CreateTTLRequest,
  type DeleteRequest,
  decodeCheckVersionRequest,
  decodeCreateRequest,
  decodeCreateTTLRequest,
  decodeDeleteRequest,
  decodeGetChildrenRequest,
  decodeGetDataRequest,
  decodeSetDataRequest,
  encodeCheckVersionRequest,
  encodeCreateRequest,
  encodeCreateTTLRequest,
  encodeDeleteRequest,
  encodeGetChildrenRequest,
  encodeGetDataRequest,
  encodeSetDataRequest,
  type GetChildrenRequest,
  type GetDataRequest,
  type SetDataRequest,
} from './requests.js';

export const MULTI_HEADER_BYTES = 9;

export interface MultiHeader {
  readonly type: number;
  readonly done: boolean;
  readonly err: number;
}

export type MultiOp =
  | {
      readonly type: typeof OpCode.create | typeof OpCode.create2 | typeof OpCode.createContainer;
      readonly request: CreateRequest;
    }
  | { readonly type: typeof OpCode.createTTL; readonly request: CreateTTLRequest }
  | { readonly type: typeof OpCode.delete; readonly request: DeleteRequest }
  | { readonly type: typeof OpCode.setData; readonly request: SetDataRequest }
  | { readonly type: typeof OpCode.check; readonly request: CheckVersionRequest }
  | { readonly type: typeof OpCode.getData; readonly request: GetDataRequest }
  | { readonly type: typeof OpCode.getChildren; readonly request: GetChildrenRequest };

export type MultiResult =
  | { readonly type: typeof OpCode.create; readonly response: CreateResponse }
  | { readonly type: typeof OpCode.create2; readonly response: Create2Response }
  | { readonly type: typeof OpCode.delete | typeof OpCode.check; readonly response: null }
  | { readonly type: typeof OpCode.setData; readonly response: SetDataResponse }
  | { readonly type: typeof OpCode.getData; readonly response: GetDataResponse }
  | { readonly type: typeof OpCode.getChildren; readonly response: GetChildrenResponse }
  | { readonly type: typeof OpCode.error; readonly response: ErrorResponse };

const END: MultiHeader = { type: -1, done: true, err: -1 };

export function encodeMultiHeader(w: JuteWriter, record: MultiHeader): void {
  w.writeInt(record.type);
  w.writeBool(record.done);
  w.writeInt(record.err);
}

export function decodeMultiHeader(r: JuteReader): MultiHeader {
  return { type: r.readInt(), done: r.readBool(), err: r.readInt() };
}

export function encodeMultiRequest(w: JuteWriter, ops: readonly MultiOp[]): void {
  for (const op of ops) {
    encodeMultiHeader(w, { type: op.type, done: false, err: -1 });
    encodeOp(w, op);
  }
  encodeMultiHeader(w, END);
}

/** kind is the opcode of the frame: it decides which ops may be inside. Null paths are left to the op's own checks. */
export function decodeMultiRequest(
  r: JuteReader,
  kind: typeof OpCode.multi | typeof OpCode.multiRead = OpCode.multi,
): MultiOp[] {
  const ops: MultiOp[] = [];
  for (;;) {
    const header = decodeMultiHeader(r);
    if (header.done) return ops;
    ops.push(kind === OpCode.multi ? decodeWriteOp(r, header.type) : decodeReadOp(r, header.type));
  }
}

export function encodeMultiResponse(w: JuteWriter, results: readonly MultiResult[]): void {
  for (const result of results) {
    const err = result.type === OpCode.error ? result.response.err : 0;
    encodeMultiHeader(w, { type: result.type, done: false, err });
    encodeResult(w, result);
  }
  encodeMultiHeader(w, END);
}

export function decodeMultiResponse(r: JuteReader): MultiResult[] {
  const results: MultiResult[] = [];
  for (;;) {
    const header = decodeMultiHeader(r);
    if (header.done) return results;
    results.push(decodeResult(r, header.type));
  }
}

function encodeOp(w: JuteWriter, op: MultiOp): void {
  switch (op.type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      encodeCreateRequest(w, op.request);
      break;
    case OpCode.createTTL:
      encodeCreateTTLRequest(w, op.request);
      break;
    case OpCode.delete:
      encodeDeleteRequest(w, op.request);
      break;
    case OpCode.setData:
      encodeSetDataRequest(w, op.request);
      break;
    case OpCode.check:
      encodeCheckVersionRequest(w, op.request);
      break;
    case OpCode.getData:
      encodeGetDataRequest(w, op.request);
      break;
    case OpCode.getChildren:
      encodeGetChildrenRequest(w, op.request);
      break;
    default:
      unreachable(op);
  }
}

function decodeWriteOp(r: JuteReader, type: number): MultiOp {
  switch (type) {
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
      return { type, request: decodeCreateRequest(r) };
    case OpCode.createTTL:
      return { type, request: decodeCreateTTLRequest(r) };
    case OpCode.delete:
      return { type, request: decodeDeleteRequest(r) };
    case OpCode.setData:
      return { type, request: decodeSetDataRequest(r) };
    case OpCode.check:
      return { type, request: decodeCheckVersionRequest(r) };
    default:
      throw new JuteError(`operation ${type} in a multi`);
  }
}

function decodeReadOp(r: JuteReader, type: number): MultiOp {
  switch (type) {
    case OpCode.getData:
      return { type, request: decodeGetDataRequest(r) };
    case OpCode.getChildren:
      return { type, request: decodeGetChildrenRequest(r) };
    default:
      throw new JuteError(`operation ${type} in a multiRead`);
  }
}

function encodeResult(w: JuteWriter, result: MultiResult): void {
  switch (result.type) {
    case OpCode.create:
      encodeCreateResponse(w, result.response);
      break;
    case OpCode.create2:
      encodeCreate2Response(w, result.response);
      break;
    case OpCode.delete:
    case OpCode.check:
      break;
    case OpCode.setData:
      encodeSetDataResponse(w, result.response);
      break;
    case OpCode.getData:
      encodeGetDataResponse(w, result.response);
      break;
    case OpCode.getChildren:
      encodeGetChildrenResponse(w, result.response);
      break;
    case OpCode.error:
      encodeErrorResponse(w, result.response);
      break;
    default:
      unreachable(result);
  }
}

function decodeResult(r: JuteReader, type: number): MultiResult {
  switch (type) {
    case OpCode.create:
      return { type, response: decodeCreateResponse(r) };
    case OpCode.create2:
      return { type, response: decodeCreate2Response(r) };
    case OpCode.delete:
    case OpCode.check:
      return { type, response: null };
    case OpCode.setData:
      return { type, response: decodeSetDataResponse(r) };
    case OpCode.getData:
      return { type, response: decodeGetDataResponse(r) };
    case OpCode.getChildren:
      return { type, response: decodeGetChildrenResponse(r) };
    case OpCode.error:
      return { type, response: decodeErrorResponse(r) };
    default:
      throw new JuteError(`result ${type} in a multi`);
  }
}

// The record of every request a client may send, the body of its frame behind the RequestHeader; ping, whoAmI,
// createSession and closeSession have none. Cold paths (client, tests, tools) and any thread: a server reads paths and
// data where they lie. Decoding keeps null strings and vectors apart from empty ones and judges neither; buffers that
// were decoded are views of the frame.

import type { JuteReader } from '../jute/jute-reader.js';
import { decodeNullableStrings, encodeStrings } from '../jute/jute-vector.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { type ACL, decodeACLs, encodeACLs } from './acl.js';

/** getACL, sync, getAllChildrenNumber. */
export interface PathRequest {
  readonly path: string | null;
}
export type GetACLRequest = PathRequest;
export type SyncRequest = PathRequest;
export type GetAllChildrenNumberRequest = PathRequest;

/** exists, getData, getChildren, getChildren2. */
export interface WatchableRequest {
  readonly path: string | null;
  readonly watch: boolean;
}
export type ExistsRequest = WatchableRequest;
export type GetDataRequest = WatchableRequest;
export type GetChildrenRequest = WatchableRequest;
export type GetChildren2Request = WatchableRequest;

/** delete, check. */
export interface VersionedRequest {
  readonly path: string | null;
  /** -1 matches any. */
  readonly version: number;
}
export type DeleteRequest = VersionedRequest;
export type CheckVersionRequest = VersionedRequest;

/** checkWatches, removeWatches. */
export interface WatchesRequest {
  readonly path: string | null;
  /** WatcherType */
  readonly type: number;
}
export type CheckWatchesRequest = WatchesRequest;
export type RemoveWatchesRequest = WatchesRequest;

/** create, create2, createContainer. */
export interface CreateRequest {
  readonly path: string | null;
  readonly data: Uint8Array | null;
  readonly acl: readonly ACL[] | null;
  /** CreateMode */
  readonly flags: number;
}

export interface CreateTTLRequest extends CreateRequest {
  /** ms */
  readonly ttl: bigint;
}

export interface DeleteContainerRequest {
  /** UTF-8 */
  readonly path: Uint8Array | null;
}

export interface SetDataRequest {
  readonly path: string | null;
  readonly data: Uint8Array | null;
  readonly version: number;
}

export interface SetACLRequest {
  readonly path: string | null;
  readonly acl: readonly ACL[] | null;
  /** Compared with aversion. */
  readonly version: number;
}

export interface GetEphemeralsRequest {
  readonly prefixPath: string | null;
}

export interface ReconfigRequest {
  readonly joiningServers: string | null;
  readonly leavingServers: string | null;
  /** When not null it replaces the membership and the two others are ignored. */
  readonly newMembers: string | null;
  readonly curConfigId: bigint;
}

export interface AddWatchRequest {
  readonly path: string | null;
  /** AddWatchMode */
  readonly mode: number;
}

export type WatchPaths = readonly (string | null)[] | null;

export interface SetWatches {
  readonly relativeZxid: bigint;
  readonly dataWatches: WatchPaths;
  readonly existWatches: WatchPaths;
  readonly childWatches: WatchPaths;
}

export interface SetWatches2 extends SetWatches {
  readonly persistentWatches: WatchPaths;
  readonly persistentRecursiveWatches: WatchPaths;
}

export function encodePathRequest(w: JuteWriter, record: PathRequest): void {
  w.writeUstring(record.path);
}

export function decodePathRequest(r: JuteReader): PathRequest {
  return { path: r.readUstring() };
}

export function encodeWatchableRequest(w: JuteWriter, record: WatchableRequest): void {
  w.writeUstring(record.path);
  w.writeBool(record.watch);
}

export function decodeWatchableRequest(r: JuteReader): WatchableRequest {
  return { path: r.readUstring(), watch: r.readBool() };
}

export function encodeVersionedRequest(w: JuteWriter, record: VersionedRequest): void {
  w.writeUstring(record.path);
  w.writeInt(record.version);
}

export function decodeVersionedRequest(r: JuteReader): VersionedRequest {
  return { path: r.readUstring(), version: r.readInt() };
}

export function encodeWatchesRequest(w: JuteWriter, record: WatchesRequest): void {
  w.writeUstring(record.path);
  w.writeInt(record.type);
}

export function decodeWatchesRequest(r: JuteReader): WatchesRequest {
  return { path: r.readUstring(), type: r.readInt() };
}

// One record under the name of each of its operations, so that a reader finds them by ZooKeeper's names.
export const encodeGetACLRequest = encodePathRequest;
export const decodeGetACLRequest = decodePathRequest;
export const encodeSyncRequest = encodePathRequest;
export const decodeSyncRequest = decodePathRequest;
export const encodeGetAllChildrenNumberRequest = encodePathRequest;
export const decodeGetAllChildrenNumberRequest = decodePathRequest;
export const encodeExistsRequest = encodeWatchableRequest;
export const decodeExistsRequest = decodeWatchableRequest;
export const encodeGetDataRequest = encodeWatchableRequest;
export const decodeGetDataRequest = decodeWatchableRequest;
export const encodeGetChildrenRequest = encodeWatchableRequest;
export const decodeGetChildrenRequest = decodeWatchableRequest;
export const encodeGetChildren2Request = encodeWatchableRequest;
export const decodeGetChildren2Request = decodeWatchableRequest;
export const encodeDeleteRequest = encodeVersionedRequest;
export const decodeDeleteRequest = decodeVersionedRequest;
export const encodeCheckVersionRequest = encodeVersionedRequest;
export const decodeCheckVersionRequest = decodeVersionedRequest;
export const encodeCheckWatchesRequest = encodeWatchesRequest;
export const decodeCheckWatchesRequest = decodeWatchesRequest;
export const encodeRemoveWatchesRequest = encodeWatchesRequest;
export const decodeRemoveWatchesRequest = decodeWatchesRequest;

export function encodeCreateRequest(w: JuteWriter, record: CreateRequest): void {
  w.writeUstring(record.path);
  w.writeBuffer(record.data);
  encodeACLs(w, record.acl);
  w.writeInt(record.flags);
}

export function decodeCreateRequest(r: JuteReader): CreateRequest {
  return { path: r.readUstring(), data: r.readBuffer(), acl: decodeACLs(r), flags: r.readInt() };
}

export function encodeCreateTTLRequest(w: JuteWriter, record: CreateTTLRequest): void {
  encodeCreateRequest(w, record);
  w.writeLong(record.ttl);
}

export function decodeCreateTTLRequest(r: JuteReader): CreateTTLRequest {
  return { ...decodeCreateRequest(r), ttl: r.readLong() };
}

export function encodeDeleteContainerRequest(w: JuteWriter, record: DeleteContainerRequest): void {
  w.writeBuffer(record.path);
}

export function decodeDeleteContainerRequest(r: JuteReader): DeleteContainerRequest {
  return { path: r.readBuffer() };
}

export function encodeSetDataRequest(w: JuteWriter, record: SetDataRequest): void {
  w.writeUstring(record.path);
  w.writeBuffer(record.data);
  w.writeInt(record.version);
}

export function decodeSetDataRequest(r: JuteReader): SetDataRequest {
  return { path: r.readUstring(), data: r.readBuffer(), version: r.readInt() };
}

export function encodeSetACLRequest(w: JuteWriter, record: SetACLRequest): void {
  w.writeUstring(record.path);
  encodeACLs(w, record.acl);
  w.writeInt(record.version);
}

export function decodeSetACLRequest(r: JuteReader): SetACLRequest {
  return { path: r.readUstring(), acl: decodeACLs(r), version: r.readInt() };
}

export function encodeGetEphemeralsRequest(w: JuteWriter, record: GetEphemeralsRequest): void {
  w.writeUstring(record.prefixPath);
}

export function decodeGetEphemeralsRequest(r: JuteReader): GetEphemeralsRequest {
  return { prefixPath: r.readUstring() };
}

export function encodeReconfigRequest(w: JuteWriter, record: ReconfigRequest): void {
  w.writeUstring(record.joiningServers);
  w.writeUstring(record.leavingServers);
  w.writeUstring(record.newMembers);
  w.writeLong(record.curConfigId);
}

export function decodeReconfigRequest(r: JuteReader): ReconfigRequest {
  return {
    joiningServers: r.readUstring(),
    leavingServers: r.readUstring(),
    newMembers: r.readUstring(),
    curConfigId: r.readLong(),
  };
}

export function encodeAddWatchRequest(w: JuteWriter, record: AddWatchRequest): void {
  w.writeUstring(record.path);
  w.writeInt(record.mode);
}

export function decodeAddWatchRequest(r: JuteReader): AddWatchRequest {
  return { path: r.readUstring(), mode: r.readInt() };
}

export function encodeSetWatches(w: JuteWriter, record: SetWatches): void {
  w.writeLong(record.relativeZxid);
  encodeStrings(w, record.dataWatches);
  encodeStrings(w, record.existWatches);
  encodeStrings(w, record.childWatches);
}

export function decodeSetWatches(r: JuteReader): SetWatches {
  return {
    relativeZxid: r.readLong(),
    dataWatches: decodeNullableStrings(r),
    existWatches: decodeNullableStrings(r),
    childWatches: decodeNullableStrings(r),
  };
}

export function encodeSetWatches2(w: JuteWriter, record: SetWatches2): void {
  encodeSetWatches(w, record);
  encodeStrings(w, record.persistentWatches);
  encodeStrings(w, record.persistentRecursiveWatches);
}

export function decodeSetWatches2(r: JuteReader): SetWatches2 {
  return {
    ...decodeSetWatches(r),
    persistentWatches: decodeNullableStrings(r),
    persistentRecursiveWatches: decodeNullableStrings(r),
  };
}

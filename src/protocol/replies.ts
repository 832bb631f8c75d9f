// The record of every reply and of the notification, the body of its frame behind the ReplyHeader. Cold paths (client,
// tests, tools), any thread: a server copies these bytes out of the shared tree. Decoding is lenient towards servers: a
// null string or vector reads as an empty one, except where null means something. Decoded buffers are views.

import type { JuteReader } from '../jute/jute-reader.js';
import { decodeStrings, encodeStrings } from '../jute/jute-vector.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { type ACL, type ClientInfo, decodeACLs, decodeClientInfos, encodeACLs, encodeClientInfos } from './acl.js';
import { decodeStat, encodeStat, type Stat } from './stat.js';

export interface CreateResponse {
  readonly path: string;
}

/** Also of createContainer and createTTL. */
export interface Create2Response {
  readonly path: string;
  readonly stat: Stat;
}

/** exists, setData, setACL. */
export interface StatResponse {
  readonly stat: Stat;
}
export type ExistsResponse = StatResponse;
export type SetDataResponse = StatResponse;
export type SetACLResponse = StatResponse;

/** Also of reconfig. */
export interface GetDataResponse {
  readonly data: Uint8Array | null;
  readonly stat: Stat;
}

export interface GetACLResponse {
  readonly acl: readonly ACL[];
  readonly stat: Stat;
}

export interface GetChildrenResponse {
  readonly children: readonly string[];
}

export interface GetChildren2Response {
  readonly children: readonly string[];
  readonly stat: Stat;
}

export interface GetAllChildrenNumberResponse {
  readonly totalNumber: number;
}

export interface GetEphemeralsResponse {
  readonly ephemerals: readonly string[];
}

export interface SyncResponse {
  /** An echo of the request, null included. */
  readonly path: string | null;
}

export interface WhoAmIResponse {
  readonly clientInfo: readonly ClientInfo[];
}

export interface ErrorResponse {
  readonly err: number;
}

export interface WatcherEvent {
  /** EventType */
  readonly type: number;
  /** KeeperState */
  readonly state: number;
  readonly path: string;
}

export function encodeCreateResponse(w: JuteWriter, record: CreateResponse): void {
  w.writeUstring(record.path);
}

export function decodeCreateResponse(r: JuteReader): CreateResponse {
  return { path: r.readUstring() ?? '' };
}

export function encodeCreate2Response(w: JuteWriter, record: Create2Response): void {
  w.writeUstring(record.path);
  encodeStat(w, record.stat);
}

export function decodeCreate2Response(r: JuteReader): Create2Response {
  return { path: r.readUstring() ?? '', stat: decodeStat(r) };
}

export function encodeStatResponse(w: JuteWriter, record: StatResponse): void {
  encodeStat(w, record.stat);
}

export function decodeStatResponse(r: JuteReader): StatResponse {
  return { stat: decodeStat(r) };
}

export const encodeExistsResponse = encodeStatResponse;
export const decodeExistsResponse = decodeStatResponse;
export const encodeSetDataResponse = encodeStatResponse;
export const decodeSetDataResponse = decodeStatResponse;
export const encodeSetACLResponse = encodeStatResponse;
export const decodeSetACLResponse = decodeStatResponse;

export function encodeGetDataResponse(w: JuteWriter, record: GetDataResponse): void {
  w.writeBuffer(record.data);
  encodeStat(w, record.stat);
}

export function decodeGetDataResponse(r: JuteReader): GetDataResponse {
  return { data: r.readBuffer(), stat: decodeStat(r) };
}

export function encodeGetACLResponse(w: JuteWriter, record: GetACLResponse): void {
  encodeACLs(w, record.acl);
  encodeStat(w, record.stat);
}

export function decodeGetACLResponse(r: JuteReader): GetACLResponse {
  return { acl: decodeACLs(r) ?? [], stat: decodeStat(r) };
}

export function encodeGetChildrenResponse(w: JuteWriter, record: GetChildrenResponse): void {
  encodeStrings(w, record.children);
}

export function decodeGetChildrenResponse(r: JuteReader): GetChildrenResponse {
  return { children: decodeStrings(r) };
}

export function encodeGetChildren2Response(w: JuteWriter, record: GetChildren2Response): void {
  encodeStrings(w, record.children);
  encodeStat(w, record.stat);
}

export function decodeGetChildren2Response(r: JuteReader): GetChildren2Response {
  return { children: decodeStrings(r), stat: decodeStat(r) };
}

export function encodeGetAllChildrenNumberResponse(w: JuteWriter, record: GetAllChildrenNumberResponse): void {
  w.writeInt(record.totalNumber);
}

export function decodeGetAllChildrenNumberResponse(r: JuteReader): GetAllChildrenNumberResponse {
  return { totalNumber: r.readInt() };
}

export function encodeGetEphemeralsResponse(w: JuteWriter, record: GetEphemeralsResponse): void {
  encodeStrings(w, record.ephemerals);
}

export function decodeGetEphemeralsResponse(r: JuteReader): GetEphemeralsResponse {
  return { ephemerals: decodeStrings(r) };
}

export function encodeSyncResponse(w: JuteWriter, record: SyncResponse): void {
  w.writeUstring(record.path);
}

export function decodeSyncResponse(r: JuteReader): SyncResponse {
  return { path: r.readUstring() };
}

export function encodeWhoAmIResponse(w: JuteWriter, record: WhoAmIResponse): void {
  encodeClientInfos(w, record.clientInfo);
}

export function decodeWhoAmIResponse(r: JuteReader): WhoAmIResponse {
  return { clientInfo: decodeClientInfos(r) };
}

export function encodeErrorResponse(w: JuteWriter, record: ErrorResponse): void {
  w.writeInt(record.err);
}

export function decodeErrorResponse(r: JuteReader): ErrorResponse {
  return { err: r.readInt() };
}

export function encodeWatcherEvent(w: JuteWriter, record: WatcherEvent): void {
  w.writeInt(record.type);
  w.writeInt(record.state);
  w.writeUstring(record.path);
}

export function decodeWatcherEvent(r: JuteReader): WatcherEvent {
  return { type: r.readInt(), state: r.readInt(), path: r.readUstring() ?? '' };
}

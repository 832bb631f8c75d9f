// The differences between the package's Apache 3.8.0 and this server that are meant to be, one entry each, with the
// place in the specification that says so. An entry looks at what is left of both transcripts of one connection in one
// step and takes from their fronts what it explains; what leaves the two servers in different states it also evens out.
// As narrow as can be: everything that no entry explains is a failure. How often each was used is counted and printed.

import { ErrorCode } from '../../../src/protocol/error-code.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { WatcherType } from '../../../src/protocol/watch-event.js';
import { int32, int64 } from '../../testing/wire-connection.js';
import type { Frame } from './frame.js';
import { type MadeRequest, Password, type Step } from './step.js';
import { Trait } from './trait.js';

export interface Place {
  readonly step: Step;
  readonly slot: number;
  /** The newest zxid of both before the step, and ours behind it. */
  readonly zxidBefore: bigint;
  readonly zxidAfter: bigint;
  /** Not empty at the same time. */
  readonly apache: readonly Frame[];
  readonly ours: readonly Frame[];
}

/** What is done to one server alone, unseen, so that both are in the same state again; `err` is what must come of it. */
export type Evening =
  | { readonly on: 'apache' | 'ours'; readonly what: 'hang up' }
  | { readonly on: 'apache' | 'ours'; readonly what: 'burn a zxid' }
  | {
      readonly on: 'apache' | 'ours';
      readonly what: 'send';
      readonly op: number;
      readonly body: Buffer;
      readonly err: number;
    };

export interface Explained {
  /** How many frames each side has to take off. */
  readonly apache: number;
  readonly ours: number;
  readonly evenings?: readonly Evening[];
}

export interface AllowedDifference {
  readonly name: string;
  readonly reason: string;
  readonly reference: string;
  explain(place: Place): Explained | null;
}

const WRITES: ReadonlySet<number> = new Set([
  OpCode.create,
  OpCode.create2,
  OpCode.createContainer,
  OpCode.createTTL,
  OpCode.delete,
  OpCode.setData,
  OpCode.setACL,
  OpCode.reconfig,
]);
const SLASH = 0x2f;
const ONE_EACH: Explained = { apache: 1, ours: 1 };

function fewerReplacements(text: string): string {
  return text.replaceAll(/\ufffd+/g, '\ufffd');
}

/** We have closed; it has taken a zxid. */
const LATE_REFUSAL: readonly Evening[] = [
  { on: 'apache', what: 'hang up' },
  { on: 'ours', what: 'burn a zxid' },
];

/** `create` results for `create2` ones, both ways of an old and a new release to say the same. */
function withoutCreate2(text: string): string {
  return text.replaceAll(/create2\(0\) (path="[^"]*") stat\{[^}]*\}/g, 'create(0) $1');
}

export const ALLOWED_DIFFERENCES: readonly AllowedDifference[] = [
  {
    name: 'undecodable write takes a zxid',
    reason: '3.8.0 takes the zxid of a write before it decodes the body, later releases behind it (multi excepted).',
    reference: 'client-protocol 3.3; package',
    explain({ step, apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      if (!our.request.traits.includes(Trait.Damaged) || lastOf(step) !== our.request) return null;
      if (our.err !== ErrorCode.MarshallingError || theirs.err !== our.err || our.bodyText !== theirs.bodyText)
        return null;
      if (theirs.zxid !== our.zxid + 1n || !WRITES.has(our.request.op)) return null;
      return { ...ONE_EACH, evenings: [{ on: 'ours', what: 'burn a zxid' }] };
    },
  },
  {
    name: 'zxid of notifications',
    reason: 'Servers before 3.9 send -1; ours sends the zxid of a transaction of this very step.',
    reference: 'client-protocol 3.3, 13',
    explain({ apache: [theirs], ours: [our], zxidBefore, zxidAfter }) {
      if (theirs?.kind !== 'event' || our?.kind !== 'event') return null;
      if (theirs.fieldsText !== our.fieldsText || theirs.zxid !== -1n) return null;
      return our.zxid > zxidBefore && our.zxid <= zxidAfter ? ONE_EACH : null;
    },
  },
  {
    name: 'exists needs READ',
    reason: '3.8.0 answers exists without any ACL check, and registers its watch.',
    reference: 'client-protocol 5.4, 13',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      if (our.request.op !== OpCode.exists || our.err !== ErrorCode.NoAuth || theirs.err !== ErrorCode.Ok) return null;
      if (theirs.zxid !== our.zxid || our.bodyText !== '') return null;
      if (!our.request.traits.includes(Trait.ExistsWatch)) return ONE_EACH;
      // The same watch, by the way that has no ACL check: a data watch of somebody who has missed nothing.
      const path = our.request.body.subarray(0, our.request.body.length - 1);
      const body = Buffer.concat([int64(1n << 62n), int32(1), path, int32(0), int32(0)]);
      return { ...ONE_EACH, evenings: [{ on: 'ours', what: 'send', op: OpCode.setWatches, body, err: ErrorCode.Ok }] };
    },
  },
  {
    name: 'watch types 4 and 5',
    reason: 'checkWatches and removeWatches know the types of persistent watches from 3.9 on; before, they are -5.',
    reference: 'client-protocol 7.5, 13',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      const { op, body } = our.request;
      if ((op !== OpCode.checkWatches && op !== OpCode.removeWatches) || body.length < 8) return null;
      if (theirs.err !== ErrorCode.MarshallingError || theirs.zxid !== our.zxid || our.bodyText !== '') return null;
      if (our.err !== ErrorCode.Ok && our.err !== ErrorCode.NoWatcher) return null;
      const type = body.readInt32BE(4 + Math.max(0, body.readInt32BE(0)));
      if (type !== WatcherType.Persistent && type !== WatcherType.PersistentRecursive) return null;
      if (op === OpCode.checkWatches || our.err !== ErrorCode.Ok) return ONE_EACH;
      const anyType = Buffer.concat([body.subarray(0, 4 + Math.max(0, body.readInt32BE(0))), int32(WatcherType.Any)]);
      return {
        ...ONE_EACH,
        evenings: [{ on: 'apache', what: 'send', op: OpCode.removeWatches, body: anyType, err: ErrorCode.Ok }],
      };
    },
  },
  {
    name: 'checkWatches of others',
    reason: '3.8.0 says yes when any connection has the watch; that it is not its own is proved by a vain removal.',
    reference: 'client-protocol 7.5; package',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      if (our.request.op !== OpCode.checkWatches || our.err !== ErrorCode.NoWatcher) return null;
      if (theirs.zxid !== our.zxid || our.bodyText !== theirs.bodyText) return null;
      const { body } = our.request;
      if (theirs.err !== ErrorCode.Ok) return null;
      const err = ErrorCode.NoWatcher;
      return { ...ONE_EACH, evenings: [{ on: 'apache', what: 'send', op: OpCode.removeWatches, body, err }] };
    },
  },
  {
    name: 'watches on what is no path',
    reason: '3.8.0 stumbles over paths that are null or begin without a slash when it looks for lasting watches.',
    reference: 'client-protocol 7.5; package',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      const { op, body } = our.request;
      if ((op !== OpCode.checkWatches && op !== OpCode.removeWatches) || body.length < 8) return null;
      if (body.readInt32BE(0) > 0 && body[4] === SLASH) return null;
      if (theirs.err !== ErrorCode.MarshallingError || theirs.zxid !== our.zxid || our.bodyText !== '') return null;
      return our.err === ErrorCode.Ok || our.err === ErrorCode.NoWatcher ? ONE_EACH : null;
    },
  },
  {
    name: 'null path inside multi',
    reason: '3.8.0 takes a zxid without using it, answers with the last one, and adds an empty result to the error.',
    reference: 'client-protocol 3.3, 5.5',
    explain({ step, apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      if (!our.request.traits.includes(Trait.NullPathInMulti) || lastOf(step) !== our.request) return null;
      if (our.err !== ErrorCode.MarshallingError || theirs.err !== our.err || our.bodyText !== '') return null;
      if (theirs.zxid + 1n !== our.zxid || theirs.bodyText !== ' [] end(-1 -1)') return null;
      // Theirs shows only with its next write.
      const evenings: Evening[] = [
        { on: 'apache', what: 'burn a zxid' },
        { on: 'ours', what: 'burn a zxid' },
      ];
      return { ...ONE_EACH, evenings };
    },
  },
  {
    name: 'sasl with a null token',
    reason: 'The package closes the connection over it; it is to be taken for an empty one.',
    reference: 'client-protocol 10.1',
    explain({ step, apache: [theirs], ours: [our] }) {
      const made = lastOf(step);
      if (made?.op !== OpCode.sasl || made.body.readInt32BE(0) !== -1 || theirs?.kind !== 'closed') return null;
      if (our?.kind !== 'reply' || our.request !== made || our.err !== ErrorCode.Ok || our.zxid !== 0n) return null;
      return our.bodyText === ' token=null' ? { ...ONE_EACH, evenings: [{ on: 'ours', what: 'hang up' }] } : null;
    },
  },
  {
    name: 'surrogates on their own',
    reason: 'How many U+FFFD stand for the three bytes of a surrogate, which is no UTF-8, is nowhere said.',
    reference: 'client-protocol 1.1',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs === undefined || our === undefined || !theirs.text.includes('\ufffd')) return null;
      return fewerReplacements(theirs.text) === fewerReplacements(our.text) ? ONE_EACH : null;
    },
  },
  {
    name: 'create2 inside multi',
    reason: 'Answered with a result of type create, without a Stat, before 3.9.',
    reference: 'client-protocol 3.7, 13',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || our.request.op !== OpCode.multi) return null;
      if (theirs.text === our.text || !our.text.includes('create2(0)')) return null;
      return withoutCreate2(theirs.text) === withoutCreate2(our.text) ? ONE_EACH : null;
    },
  },
  {
    name: 'bad flags inside multi',
    reason: '3.8.0 fails the operation, later releases cannot decode the multi. Neither changes anything.',
    reference: 'client-protocol 5.3, 13',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      if (!our.request.traits.includes(Trait.MultiFlags)) return null;
      if (our.err !== ErrorCode.MarshallingError || our.bodyText !== '' || our.zxid !== theirs.zxid) return null;
      // A multiRead has decoded, then, and fails with what it has read so far.
      if (our.request.op === OpCode.multiRead) {
        return theirs.err === our.err && theirs.bodyText.endsWith('] end(-1 -1)') ? ONE_EACH : null;
      }
      return theirs.err === ErrorCode.Ok && theirs.bodyText.startsWith(' [error(') ? ONE_EACH : null;
    },
  },
  {
    name: 'IPv6 ids in ip ACLs',
    reason: '3.8.0 takes them for no addresses. Only sent where the request fails on the other ground, too.',
    reference: 'client-protocol 6.6.1, 13',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      if (!our.request.traits.includes(Trait.Ipv6Acl) || theirs.err !== ErrorCode.InvalidACL) return null;
      return our.err === ErrorCode.NoNode && theirs.zxid === our.zxid ? ONE_EACH : null;
    },
  },
  {
    name: 'check as a request of its own',
    reason: '3.8.0 judges it, takes a zxid and answers only when it fails; later releases refuse the opcode and close.',
    reference: 'client-protocol 3.5, 13',
    explain({ step, apache, ours: [our, end], zxidBefore }) {
      if (lastOf(step)?.op !== OpCode.check || our?.kind !== 'reply' || our.request.op !== OpCode.check) return null;
      if (our.err !== ErrorCode.Unimplemented || our.zxid !== -1n || end?.kind !== 'closed') return null;
      const [theirs, more] = apache;
      const isFailed = theirs?.kind === 'reply' && theirs.err !== ErrorCode.Ok && theirs.zxid === zxidBefore + 1n;
      if (more !== undefined || (theirs?.kind !== 'silence' && !isFailed)) return null;
      return { apache: 1, ours: 2, evenings: LATE_REFUSAL };
    },
  },
  {
    name: "the server's own operations from a client",
    reason: 'Apache executes deleteContainer and createSession for clients; here they are unknown opcodes.',
    reference: 'client-protocol 3.5 [D]',
    explain({ step, apache, ours: [our, end] }) {
      const op = lastOf(step)?.op;
      if (op !== OpCode.deleteContainer && op !== OpCode.createSession) return null;
      if (our?.kind !== 'reply' || our.err !== ErrorCode.Unimplemented || our.zxid !== -1n) return null;
      if (our.request.op !== op || end?.kind !== 'closed') return null;
      const isDone = apache.length === (op === OpCode.createSession ? 2 : 1);
      if (!isDone || apache.some((frame) => frame.kind === 'closed')) return null;
      return { apache: apache.length, ours: 2, evenings: LATE_REFUSAL };
    },
  },
  {
    name: 're-open with a wrong password',
    reason: 'Apache hangs up on the owner of a session before it looks at the password of who asks for it.',
    reference: 'client-protocol 2.4 [D]',
    explain({ step, slot, apache: [theirs], ours }) {
      if (step.kind !== 'open' || step.slot === slot || step.password === Password.Right) return null;
      if (step.session.kind !== 'of slot' || theirs?.kind !== 'closed' || ours.length > 0) return null;
      return { apache: 1, ours: 0, evenings: [{ on: 'ours', what: 'hang up' }] };
    },
  },
  {
    name: 'characters beyond the first plane',
    reason: 'Apache encodes the two halves of such a character on their own when it echoes a string.',
    reference: 'client-protocol 1.1 [D]',
    explain({ apache: [theirs], ours: [our] }) {
      if (theirs?.kind !== 'reply' || our?.kind !== 'reply' || theirs.request !== our.request) return null;
      if (!our.request.traits.includes(Trait.Supplementary) || our.request.op !== OpCode.sync) return null;
      return theirs.err === our.err && theirs.zxid === our.zxid ? ONE_EACH : null;
    },
  },
];

function lastOf(step: Step): MadeRequest | undefined {
  return step.kind === 'requests' ? step.requests.at(-1) : undefined;
}

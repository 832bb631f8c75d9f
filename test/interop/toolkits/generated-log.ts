// Writes a log of random transactions of every type, with what makes texts go wrong: punctuation, null and broken data,
// names beyond ASCII, long lists, failed multis, gaps and epochs. By seed.

import { adler32 } from '../../../src/base/adler32.js';
import { Prng } from '../../../src/base/prng.js';
import { encodeUtf8 } from '../../../src/base/utf8.js';
import { JuteWriter } from '../../../src/jute/jute-writer.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import { TxnLogCopy } from '../../../src/persistence/txn-log-copy.js';
import type { ACL } from '../../../src/protocol/acl.js';
import { OpCode } from '../../../src/protocol/op-code.js';
import { encodeSubTxn, encodeTxnEntry, type TxnBody } from '../../../src/protocol/txns.js';

const NAMES = ['/a', '/a,b', '/per%cent', '/br}ace{', "/apo'strophe", '/über/ñ', '/日本', '/with space', '/q"uote\\'];
const IDS = ['anyone', '127.0.0.1', 'user:a,b}%=', 'ñ', ''];

export interface GeneratedLog {
  readonly firstZxid: bigint;
  readonly lastZxid: bigint;
}

export function writeGeneratedLog(path: string, seed: number, count: number, firstZxid = 1n): GeneratedLog {
  const random = new Random(seed);
  const copy = new TxnLogCopy(new NodeFileStore(), path, 2, 0, 0);
  let zxid = firstZxid - 1n;
  for (let i = 0; i < count; i++) {
    zxid = random.nextZxid(zxid);
    const body = random.body();
    const entry = new JuteWriter();
    encodeTxnEntry(entry, {
      header: {
        clientId: body.type === OpCode.deleteContainer ? 0n : random.session(),
        cxid: random.int(4) === 0 ? -random.int(9) : random.int(1 << 30),
        zxid,
        // From 1970 to 2096, so that times of day, months and both halves of the day come.
        time: BigInt(random.int(1 << 30)) * 3701n,
        type: body.type,
      },
      body,
      digest: body.type === OpCode.error || random.int(5) === 0 ? null : { version: 2, treeDigest: 0x123456789n },
    });
    const bytes = entry.toBytes();
    copy.append(0, adler32(bytes, 0, bytes.length) | 0, bytes, 0, bytes.length);
  }
  copy.finish();
  return { firstZxid, lastZxid: zxid };
}

class Random {
  private readonly prng: Prng;

  constructor(seed: number) {
    this.prng = new Prng(seed);
  }

  int(below: number): number {
    return this.prng.below(below);
  }

  /** Mostly the next one; now and then a gap, a new epoch, or a new epoch that does not begin at 1. */
  nextZxid(last: bigint): bigint {
    const chance = this.int(40);
    if (last === 0n || chance > 2) return last + 1n;
    if (chance === 0) return last + 2n;
    const epoch = ((last >> 32n) + 1n) << 32n;
    return chance === 1 ? epoch + 1n : epoch + 5n;
  }

  session(): bigint {
    return this.int(3) === 0 ? -1n - BigInt(this.int(1000)) : 0x100003b15360000n + BigInt(this.int(100));
  }

  body(): TxnBody {
    const type = this.pick([
      OpCode.create,
      OpCode.create2,
      OpCode.createContainer,
      OpCode.createTTL,
      OpCode.delete,
      OpCode.deleteContainer,
      OpCode.setData,
      OpCode.reconfig,
      OpCode.setACL,
      OpCode.multi,
      OpCode.error,
      OpCode.createSession,
      OpCode.closeSession,
    ]);
    switch (type) {
      case OpCode.multi: {
        const parts = Array.from({ length: this.int(4) }, () => encodeSubTxn(this.part()));
        return { type, txn: { txns: parts } };
      }
      case OpCode.createSession:
        return { type, txn: { timeOut: this.int(60_000) } };
      case OpCode.closeSession:
        return { type, txn: { paths2Delete: Array.from({ length: this.int(4) }, () => this.path()) } };
      case OpCode.setACL:
        return { type, txn: { path: this.path(), acl: this.acl(), version: this.int(5) } };
      case OpCode.reconfig:
        return { type, txn: { path: '/zookeeper/config', data: encodeUtf8('server.1=a\nversion=1'), version: -1 } };
      default:
        return this.operation(type);
    }
  }

  /** What may stand alone and in a multi. */
  private operation(type: number): TxnBody {
    const path = this.path();
    const data = this.data();
    switch (type) {
      case OpCode.create:
      case OpCode.create2:
        return {
          type,
          txn: { path, data, acl: this.acl(), ephemeral: this.int(2) === 0, parentCVersion: this.int(9) - 1 },
        };
      case OpCode.createContainer:
        return { type, txn: { path, data, acl: this.acl(), parentCVersion: this.int(9) } };
      case OpCode.createTTL:
        return {
          type,
          txn: { path, data, acl: this.acl(), parentCVersion: this.int(9), ttl: BigInt(this.int(1 << 30)) },
        };
      case OpCode.delete:
      case OpCode.deleteContainer:
        return { type, txn: { path } };
      case OpCode.setData:
        return { type, txn: { path, data, version: this.int(1 << 20) } };
      default:
        return { type: OpCode.error, txn: { err: -this.int(120) } };
    }
  }

  private part(): TxnBody {
    if (this.int(6) === 0) return { type: OpCode.check, txn: { path: this.path(), version: this.int(4) } };
    return this.operation(
      this.pick([OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.delete, OpCode.setData, OpCode.error]),
    );
  }

  private path(): string {
    return `${this.pick(NAMES)}${this.int(1000)}`;
  }

  private acl(): ACL[] {
    return Array.from({ length: this.int(4) }, () => ({
      perms: this.int(32),
      id: { scheme: this.pick(['world', 'ip', 'digest', 'x,y']), id: this.pick(IDS) },
    }));
  }

  private data(): Uint8Array | null {
    const length = this.int(30);
    if (length === 0) return null;
    // Half of it text, half of it bytes that are no UTF-8.
    return Uint8Array.from({ length }, () => (length < 15 ? 32 + this.int(95) : this.int(256)));
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[this.int(choices.length)];
  }
}

/**
 * Random requests from one generator: all operations that are served, on few paths so that they meet, with versions, ACLs,
 * flags and paths that are wrong often enough. Draws weights per seed, so that each seed leaves some things out.
 */

import type { Prng } from '../../../../src/base/prng.js';
import { encodeUtf8 } from '../../../../src/base/utf8.js';
import { OpCode } from '../../../../src/protocol/op-code.js';
import type { ModelConnection } from './model-connection.js';
import { type ModelAcl, type MultiReadPart, OPEN, type QueryRequest, type WriteRequest } from './model-tree.js';

/** digest users: login and id. */
export const USERS: readonly (readonly [string, string])[] = [
  ['bob:pw', 'bob:ikIaKsbtGweaHnb/jKn7OHqbunM='],
  ['super:secret', 'super:lK75jTNcA+U9vtVEw5vB51mj/w4='],
  ['nocolon', 'nocolon:Ra+cHr2ZoHvBjtNArFGNGlVie4g='],
];

const ACLS: readonly ModelAcl[] = [
  ['1 world:anyone'],
  ['31 auth:'],
  ['1 world:anyone', '31 auth:'],
  ['31 digest:bob:ikIaKsbtGweaHnb/jKn7OHqbunM='],
  ['15 world:anyone', '15 world:anyone', '16 auth:'],
  [],
];

const BAD_PATHS: readonly (string | null)[] = [
  null,
  '',
  'a',
  '/a/',
  '//a',
  '/a/../b',
  '/a/.',
  '/a\u0001',
  '/\0',
  '/',
  '/zookeeper',
  '/zookeeper/config',
  '/b/\ue000',
];

const PREFIXES: readonly (string | null)[] = [null, '', ' ', '/', ' /', '/a', '/a/', '/a/b', '/b/c0', 'a', '/é', '\0/'];

const CREATES = [OpCode.create, OpCode.create, OpCode.create2, OpCode.createContainer, OpCode.createTTL] as const;
const READS = [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2, OpCode.getACL] as const;

type Choice = 'create' | 'delete' | 'setData' | 'setACL' | 'multi' | 'read' | 'other';
const CHOICES: readonly Choice[] = ['create', 'delete', 'setData', 'setACL', 'multi', 'read', 'other'];

export interface WorkloadOptions {
  /** The longest data of the rare long writes. */
  readonly longBytes: number;
  /**
   * For a release 3.8 that writes or reads the files: no create2 in a multi (it leaves such a multi out when it replays a log
   * as 3.9 and we write it), no null path in one (it takes a zxid and logs nothing, so that its log has a hole), and no
   * negative time to live (it ends when it comes to make such a node).
   */
  readonly for38?: boolean;
}

export class Workload {
  private readonly prng: Prng;
  private readonly options: WorkloadOptions;
  private readonly weights: readonly number[];
  private readonly badOneIn: number;

  constructor(prng: Prng, options: WorkloadOptions) {
    this.prng = prng;
    this.options = options;
    this.weights = CHOICES.map((choice) => (choice === 'create' ? 2 + prng.below(4) : prng.below(5)));
    this.badOneIn = 4 + prng.below(20);
  }

  /** One request on that connection. */
  send(connection: ModelConnection): void {
    const choice = this.choose();
    switch (choice) {
      case 'read':
        connection.read({ op: READS[this.below(READS.length)] as 4, path: this.path(), watch: this.below(3) === 0 });
        break;
      case 'multi':
        connection.write({ op: OpCode.multi, ops: Array.from({ length: this.below(6) }, () => this.part()) });
        break;
      case 'setACL':
        connection.write({ op: OpCode.setACL, path: this.path(), acl: this.acl(), version: this.version() });
        break;
      case 'other':
        this.other(connection);
        break;
      default:
        connection.write(this.write(choice));
    }
  }

  private choose(): Choice {
    let at = this.below(this.weights.reduce((a, b) => a + b));
    const index = this.weights.findIndex((weight) => {
      at -= weight;
      return at < 0;
    });
    return CHOICES[index] as Choice;
  }

  private write(choice: 'create' | 'delete' | 'setData'): WriteRequest {
    switch (choice) {
      case 'create': {
        const op = CREATES[this.below(CREATES.length)] as (typeof CREATES)[number];
        const create = { path: this.path(), data: this.data(), acl: this.acl() };
        if (op === OpCode.createTTL) {
          const flags = this.bad() ? this.below(9) - 1 : 5 + this.below(2);
          const ttl = this.bad() ? BigInt(this.below(3) - 1) : BigInt(1 + this.below(500));
          return { op, ...create, flags, ttl: this.options.for38 === true && ttl < 0n ? 1n : ttl };
        }
        return { op, ...create, flags: this.bad() ? this.below(9) - 1 : this.below(5) };
      }
      case 'delete':
        return { op: OpCode.delete, path: this.path(), version: this.version() };
      case 'setData':
        return { op: OpCode.setData, path: this.path(), data: this.data(), version: this.version() };
    }
  }

  private part(): WriteRequest {
    const part = this.anyPart();
    if (this.options.for38 !== true) return part;
    if (part.op === OpCode.createTTL)
      return { ...part, path: part.path ?? '/a', flags: 5, ttl: part.ttl < 1n ? 1n : part.ttl };
    switch (part.op) {
      case OpCode.create:
      case OpCode.create2:
      case OpCode.createContainer: {
        const op = part.op === OpCode.createContainer ? part.op : OpCode.create;
        return { ...part, op, path: part.path ?? '/a', flags: part.flags < 0 || part.flags > 4 ? 0 : part.flags };
      }
      default:
        return 'path' in part && part.path === null ? { ...part, path: '/a' } : part;
    }
  }

  private anyPart(): WriteRequest {
    const which = this.below(8);
    if (which < 3) return this.write('create');
    if (which < 5) return this.write('setData');
    if (which < 7) return this.write('delete');
    return { op: OpCode.check, path: this.path(), version: this.version() };
  }

  private other(connection: ModelConnection): void {
    switch (this.below(11)) {
      case 10:
        connection.write({ op: OpCode.reconfig, leavingServers: '2' });
        break;
      case 0:
        connection.ping();
        break;
      case 1:
        connection.sync(this.path());
        break;
      case 2:
        connection.garbage([OpCode.create, OpCode.setData, OpCode.getData, OpCode.delete][this.below(4)] as number);
        break;
      case 3:
      case 4:
        connection.query(this.query());
        break;
      case 5:
      case 6:
      case 7:
        this.watches(connection);
        break;
      default: {
        const list = (): string[] => Array.from({ length: this.below(4) }, () => this.path() ?? '/a');
        connection.setWatches({
          relativeZxid: BigInt(this.below(200)),
          data: list(),
          exist: list(),
          child: list(),
          ...(this.below(2) === 0 ? {} : { lasting: { persistent: list(), recursive: list() } }),
        });
      }
    }
  }

  private query(): QueryRequest {
    switch (this.below(4)) {
      case 0:
        return { op: OpCode.multiRead, parts: Array.from({ length: this.below(6) }, () => this.readPart()) };
      case 1:
        return { op: OpCode.getEphemerals, prefix: PREFIXES[this.below(PREFIXES.length)] as string | null };
      case 2:
        return { op: OpCode.getAllChildrenNumber, path: this.path() };
      default:
        return { op: OpCode.whoAmI };
    }
  }

  private readPart(): MultiReadPart {
    return { op: this.below(2) === 0 ? OpCode.getData : OpCode.getChildren, path: this.path() };
  }

  private watches(connection: ModelConnection): void {
    const which = this.below(6);
    const path = this.below(4) === 0 ? '/' : this.path();
    if (which < 3) {
      connection.watches({ op: OpCode.addWatch, path, argument: this.bad() ? this.below(4) - 1 : this.below(2) });
    } else {
      const op = which === 3 ? OpCode.checkWatches : OpCode.removeWatches;
      connection.watches({ op, path, argument: this.bad() ? this.below(8) - 1 : 1 + this.below(5) });
    }
  }

  private path(): string | null {
    if (this.bad()) return BAD_PATHS[this.below(BAD_PATHS.length)] as string | null;
    let path = '';
    for (let depth = 1 + this.below(3); depth > 0; depth--) path += `/${'abc'[this.below(3)]}`;
    // Now and then a name that a sequential create may have made.
    return this.below(8) === 0 ? `${path}000000000${this.below(10)}` : path;
  }

  private data(): Uint8Array | null {
    const which = this.below(20);
    if (which === 0) return null;
    if (which === 1) return new Uint8Array(this.below(this.options.longBytes)).fill(this.below(256));
    return encodeUtf8('x'.repeat(this.below(40)));
  }

  private acl(): ModelAcl {
    return this.below(6) === 0 ? (ACLS[this.below(ACLS.length)] as ModelAcl) : OPEN;
  }

  private version(): number {
    return this.below(3) > 0 ? -1 : this.below(4);
  }

  private bad(): boolean {
    return this.below(this.badOneIn) === 0;
  }

  private below(n: number): number {
    return this.prng.below(n);
  }
}

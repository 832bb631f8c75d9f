/**
 * What clients ask, drawn from a generator: few paths, so that they meet; every value another one, so that an old one is
 * recognised. Each seed leaves some operations out and prefers others, since what is rare in one mixture is common in another.
 */
import type { Prng } from '../../../src/base/prng.js';
import type { MultiPart, Operation } from '../history/history.js';

const PATHS = ['/a', '/b', '/c', '/a/x', '/a/y', '/b/x', '/b/y'];
const KINDS = [
  'create',
  'createEphemeral',
  'createSequential',
  'delete',
  'setData',
  'setDataIf',
  'multi',
  'getData',
  'exists',
  'getChildren',
  'sync',
  'closeSession',
] as const;
type Kind = (typeof KINDS)[number];
type Weights = Readonly<Partial<Record<Kind, number>>>;
/** Beside the others; those that end a session are rare. */
const USUAL: Weights = {
  create: 6,
  createEphemeral: 3,
  createSequential: 3,
  delete: 4,
  setData: 6,
  setDataIf: 2,
  multi: 3,
  getData: 5,
  exists: 3,
  getChildren: 3,
  sync: 2,
  closeSession: 0.3,
};

/** Of who never waits for a write, and so finds out how old a server is that can commit nothing. */
export const READING: Weights = { sync: 4, getData: 8, exists: 2, getChildren: 2 };

export class SimWorkload {
  private readonly prng: Prng;
  private readonly weights: readonly { readonly kind: Kind; readonly upTo: number }[];
  private values = 0;
  private readonly dataBytes: number;

  constructor(prng: Prng, weights = USUAL) {
    this.prng = prng;
    let sum = 0;
    const isRich = prng.below(8) === 0;
    this.dataBytes = isRich ? 4000 : 0;
    this.weights = KINDS.map((kind) => {
      const factor = prng.below(5) === 0 && kind !== 'create' ? 0 : 0.3 + 2 * prng.float();
      sum += (weights[kind] ?? 0) * factor;
      return { kind, upTo: sum };
    });
  }

  draw(): Operation {
    const { prng } = this;
    const sum = this.weights.at(-1)?.upTo ?? 0;
    const drawn = prng.float() * sum;
    const kind = this.weights.find(({ upTo }) => drawn < upTo)?.kind ?? 'create';
    const path = PATHS[prng.below(PATHS.length)];
    const isWatching = prng.below(3) === 0;
    switch (kind) {
      case 'multi':
        return { kind, parts: Array.from({ length: 1 + prng.below(4) }, () => this.part()) };
      case 'getData':
      case 'exists':
        return { kind, path, isWatching };
      case 'getChildren':
        return { kind, path: prng.below(4) === 0 ? '/' : path, isWatching };
      case 'sync':
        return { kind, path: '/' };
      case 'closeSession':
        return { kind };
      default:
        return this.write(kind, path);
    }
  }

  private part(): MultiPart {
    const { prng } = this;
    const path = PATHS[prng.below(PATHS.length)];
    switch (prng.below(5)) {
      case 0:
        return { kind: 'check', path, version: prng.below(3) - 1 };
      case 1:
        return this.write('delete', path);
      case 2:
        return this.write('setData', path);
      case 3:
        return this.write('createSequential', path);
      default:
        return this.write('create', path);
    }
  }

  private write(kind: Kind, path: string): Exclude<MultiPart, { kind: 'check' }> {
    const { prng } = this;
    const number = `v${++this.values}`;
    const data = this.dataBytes > 0 ? number.padEnd(prng.below(this.dataBytes), '.') : number;
    switch (kind) {
      case 'delete':
        return { kind: 'delete', path, version: prng.below(4) === 0 ? prng.below(3) : -1 };
      case 'setData':
        return { kind: 'setData', path, data, version: -1 };
      case 'setDataIf':
        return { kind: 'setData', path, data, version: prng.below(4) };
      case 'createEphemeral':
        return { kind: 'create', path: `${path}/e${prng.below(3)}`, data, isEphemeral: true, isSequential: false };
      case 'createSequential': {
        const isEphemeral = prng.below(2) === 0;
        return { kind: 'create', path: `${path}/s-`, data, isEphemeral, isSequential: true };
      }
      default:
        return { kind: 'create', path, data, isEphemeral: false, isSequential: false };
    }
  }
}

/**
 * Where the shards listen, for whoever missed the record that told of it: a shard that is made anew while the server runs. The host
 * is only here. Written by shard 0, read by any. Behind the ports two words for each shard, written and read by itself: what it was
 * told last (shard-role.ts).
 *
 *   block of a port (68 words)
 *   word 0    1      2                                    3                                   4..67
 *   +--------+------+------------------------------------+-----------------------------------+-----------------+
 *   | 1: open| port | descriptor of all shards, or -1    | bytes of the host, -1: no host    | host, UTF-8     |
 *   +--------+------+------------------------------------+-----------------------------------+-----------------+
 *
 *   | block of port 0 | block of port 1 | told | roles ended before |   ...
 */
import { assert } from '../base/assert.js';
import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';

const PORTS_MAX = 2;
/** Names have at most 253. */
const HOST_BYTES_MAX = 256;
const OPEN = 0;
const PORT = 1;
const FD = 2;
const HOST_LENGTH = 3;
const HOST = 4;
const PORT_WORDS = HOST + HOST_BYTES_MAX / 4;
const SHARD_WORDS = 2;

export class ListenState {
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.words = new Int32Array(memory);
    this.bytes = new Uint8Array(memory);
  }

  static byteLengthFor(shardCount: number): number {
    return (PORTS_MAX * PORT_WORDS + shardCount * SHARD_WORDS) * 4;
  }

  told(shard: number): number {
    return this.words[PORTS_MAX * PORT_WORDS + shard * SHARD_WORDS] as number;
  }

  endedBefore(shard: number): number {
    return this.words[PORTS_MAX * PORT_WORDS + shard * SHARD_WORDS + 1] as number;
  }

  tell(shard: number, told: number, endedBefore: number): void {
    this.words[PORTS_MAX * PORT_WORDS + shard * SHARD_WORDS] = told;
    this.words[PORTS_MAX * PORT_WORDS + shard * SHARD_WORDS + 1] = endedBefore;
  }

  /** Before the record that tells of it. `host`: undefined where it listens on all addresses. */
  publish(index: number, host: string | undefined, port: number, fd: number): void {
    const at = index * PORT_WORDS;
    const name = encodeUtf8(host ?? '');
    assert(name.length <= HOST_BYTES_MAX, 'a host that the system could listen on');
    this.words[at + PORT] = port;
    this.words[at + FD] = fd;
    this.words[at + HOST_LENGTH] = host === undefined ? -1 : name.length;
    this.bytes.set(name, (at + HOST) * 4);
    Atomics.store(this.words, at + OPEN, 1);
  }

  isOpen(index: number): boolean {
    return Atomics.load(this.words, index * PORT_WORDS + OPEN) === 1;
  }

  port(index: number): number {
    return this.words[index * PORT_WORDS + PORT] as number;
  }

  fd(index: number): number {
    return this.words[index * PORT_WORDS + FD] as number;
  }

  host(index: number): string | undefined {
    const at = index * PORT_WORDS;
    const length = this.words[at + HOST_LENGTH] as number;
    return length < 0 ? undefined : decodeUtf8(this.bytes, (at + HOST) * 4, length);
  }
}

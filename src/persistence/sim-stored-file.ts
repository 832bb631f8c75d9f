// One open file of a SimFileStore. Every call goes through the machine first, which may let it fail, tear it or stop. For
// tests and the simulator; belongs to the process that opened it, and must never be used after close(), nor after the crash
// or the kill that ended that process.

import { assert } from '../base/assert.js';
import type { StoredFile } from './file-store.js';
import type { SimContent } from './sim-content.js';
import { SimFileError, type SimMachine } from './sim-machine.js';

export class SimStoredFile implements StoredFile {
  readonly path: string;
  private readonly machine: SimMachine;
  private readonly content: SimContent;
  private readonly generation: number;
  private isOpen = true;

  constructor(machine: SimMachine, content: SimContent, path: string) {
    this.machine = machine;
    this.content = content;
    this.path = path;
    this.generation = machine.generation;
  }

  read(bytes: Uint8Array, offset: number, length: number, position: number): number {
    this.assertUsable();
    this.machine.begin('read', this.path, false);
    const { current } = this.content;
    const count = Math.max(0, Math.min(length, current.length - position));
    bytes.set(current.bytes.subarray(position, position + count), offset);
    return count;
  }

  write(bytes: Uint8Array, offset: number, length: number, position: number): void {
    this.assertUsable();
    const { machine, content } = this;
    const written = bytes.slice(offset, offset + length);
    let isTorn = false;
    try {
      isTorn = machine.begin('write', this.path, true);
    } catch (error) {
      if (error instanceof SimFileError) content.writeSome(written, position, machine.prng);
      throw error;
    }
    if (isTorn) {
      content.writeSome(written, position, machine.prng);
      machine.stop();
    }
    content.write(written, position);
    content.writtenMs = ++machine.nowMs;
  }

  truncate(size: number): void {
    this.assertUsable();
    this.machine.begin('truncate', this.path, false);
    this.content.truncate(size);
    this.content.writtenMs = ++this.machine.nowMs;
  }

  syncData(): void {
    this.syncAs('syncData');
  }

  sync(): void {
    this.syncAs('sync');
  }

  size(): number {
    this.assertUsable();
    return this.content.current.length;
  }

  close(): void {
    assert(this.isOpen, 'a file is closed once');
    this.isOpen = false;
    this.machine.begin('close', this.path, false);
  }

  private syncAs(name: 'sync' | 'syncData'): void {
    this.assertUsable();
    try {
      this.machine.begin(name, this.path, false);
    } catch (error) {
      if (error instanceof SimFileError) this.content.becomeDurableInPart(this.machine.prng);
      throw error;
    }
    this.content.becomeDurable();
  }

  private assertUsable(): void {
    assert(this.isOpen, `use of a closed file: ${this.path}`);
    assert(this.generation === this.machine.generation, `use of a file opened before the crash: ${this.path}`);
  }
}

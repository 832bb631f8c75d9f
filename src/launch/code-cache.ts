/**
 * What V8 has made of a program's text, kept in a file so that the next start need not compile it: half of a start's processor
 * time went there. One file for each program and release of Node.js:
 *
 *   dist/bundle/code-cache/log-thread-v20.20.2-x64.code     | magic 8 | SHA-1 of the program's text and the code 20 | code |
 *
 * V8 itself compares its version, its flags and the length of the text, and runs whatever code it is given then, a damaged one until
 * the process dies of it: so text and code are held against their checksum, and what does not match is as good as not there.
 * SHA-1, because every program of ours loads node:crypto anyway; node:zlib for a CRC would cost more than the sum. Whoever can write
 * this directory can write the programs beside it; it is never one that others share, like /tmp. The thread of its program.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from 'node:vm';
import { threadId } from 'node:worker_threads';

const MAGIC = Buffer.from('TKCODE02');
const SUM_BYTES = 20;
const HEADER_BYTES = MAGIC.length + SUM_BYTES;

export class CodeCache {
  private readonly directory: string;
  private readonly path: string;
  private readonly program: Buffer;

  constructor(directory: string, programName: string, program: Buffer) {
    this.directory = directory;
    this.path = join(directory, `${programName}-${process.version}-${process.arch}.code`);
    this.program = program;
  }

  /** Undefined: there is none that fits. V8 may still reject it. */
  read(): Buffer | undefined {
    const file = readIfThere(this.path);
    if (file === null || file.length <= HEADER_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    const code = file.subarray(HEADER_BYTES);
    return this.sumWith(code).equals(file.subarray(MAGIC.length, HEADER_BYTES)) ? code : undefined;
  }

  /** Of what has run so far; how much that is, 0 if it cannot be kept. In one piece, for whoever starts at the same moment. */
  tryWrite(script: Script): number {
    const code = script.createCachedData();
    const unfinished = `${this.path}.${process.pid}-${threadId}`;
    try {
      mkdirSync(this.directory, { recursive: true });
      writeFileSync(unfinished, Buffer.concat([MAGIC, this.sumWith(code), code]));
      renameSync(unfinished, this.path);
      return code.length;
    } catch {
      // A package that its server may not write, or a full disk: the next start compiles as this one did, and nothing else differs.
      remove(unfinished);
      return 0;
    }
  }

  private sumWith(code: Buffer): Buffer {
    return createHash('sha1').update(this.program).update(code).digest();
  }
}

/** What is left on a full disk. */
function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Where nothing may be written there is nothing.
  }
}

/** Null also for one that must not be read: then there is no cache. */
function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

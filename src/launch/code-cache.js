/**
 * What V8 has made of a program's text, kept in a file so that the next start need not compile it: half of a start's processor
 * time went there. One file for each program and kind of V8 (version, flags, processor):
 *
 *   dist/bundle/code-cache/log-thread-<tag>.code     | magic 8 | crc of the program 4 | crc of the code 4 | code |
 *
 * V8 itself compares no more than the length of the text, and runs whatever code it is given: so the text and the code are both
 * held against their checksums, and what does not match in the least is as good as not there. Whoever can write this directory can write
 * the programs beside it; it is never one that others share, like /tmp. The thread of its program; nobody else's business.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cachedDataVersionTag } from 'node:v8';
import { threadId } from 'node:worker_threads';
import { crc32 } from 'node:zlib';

const MAGIC = Buffer.from('TKCODE01');
const HEADER_BYTES = MAGIC.length + 8;
export class CodeCache {
  directory;
  path;
  programCrc;
  constructor(directory, programName, program) {
    this.directory = directory;
    this.path = join(directory, `${programName}-${cachedDataVersionTag().toString(16)}.code`);
    this.programCrc = crc32(program);
  }
  /** Undefined: there is none that fits. V8 may still reject it. */
  read() {
    const file = readIfThere(this.path);
    if (file === null || file.length <= HEADER_BYTES || !file.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
    const code = file.subarray(HEADER_BYTES);
    const fits =
      file.readUInt32LE(MAGIC.length) === this.programCrc && file.readUInt32LE(MAGIC.length + 4) === crc32(code);
    return fits ? code : undefined;
  }
  /** Of what has run so far. In one piece, for whoever starts at the same moment. */
  write(script) {
    const code = script.createCachedData();
    const header = Buffer.alloc(HEADER_BYTES);
    MAGIC.copy(header);
    header.writeUInt32LE(this.programCrc, MAGIC.length);
    header.writeUInt32LE(crc32(code), MAGIC.length + 4);
    const unfinished = `${this.path}.${process.pid}-${threadId}`;
    try {
      mkdirSync(this.directory, { recursive: true });
      writeFileSync(unfinished, Buffer.concat([header, code]));
      renameSync(unfinished, this.path);
    } catch {
      // A package that its server may not write, or a full disk: the next start compiles as this one did, and nothing else differs.
    }
  }
}
/** Null also for one that must not be read: then there is no cache. */
function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}
//# sourceMappingURL=code-cache.js.map

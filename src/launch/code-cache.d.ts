import type { Script } from 'node:vm';
export declare class CodeCache {
  private readonly directory;
  private readonly path;
  private readonly programCrc;
  constructor(directory: string, programName: string, program: Buffer);
  /** Undefined: there is none that fits. V8 may still reject it. */
  read(): Buffer | undefined;
  /** Of what has run so far. In one piece, for whoever starts at the same moment. */
  write(script: Script): void;
}

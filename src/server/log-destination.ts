// Where log lines go: a file descriptor, written to synchronously, one write per line, from whichever thread has
// something to say. So the last line before an exit is never lost, and lines of several threads never mix (a pipe
// takes up to 4 kB whole, a file any length). One object per thread.
// It must never throw and never hold a server up for long: a reader that has gone away or does not read costs lines,
// which are counted and told once there is room again.

import { writeSync } from 'node:fs';

export interface LogDestination {
  write(text: string): void;
}

/** How long a line may wait for a full pipe. After the first lost line there is no more waiting until one gets through. */
const PATIENCE_MS = 1000;
const RETRY_MS = 10;

export class DescriptorDestination implements LogDestination {
  private readonly fd: number;
  private readonly bed = new Int32Array(new SharedArrayBuffer(4));
  private lostCount = 0;

  constructor(fd: number) {
    this.fd = fd;
  }

  write(text: string): void {
    const notice = this.lostCount > 0 ? `(${this.lostCount} log lines were lost here: nobody read them)\n` : '';
    if (this.tryWrite(Buffer.from(notice + text))) this.lostCount = 0;
    else this.lostCount++;
  }

  private tryWrite(bytes: Uint8Array): boolean {
    let retries = this.lostCount > 0 ? 0 : PATIENCE_MS / RETRY_MS;
    for (let written = 0; written < bytes.length; ) {
      try {
        written += writeSync(this.fd, bytes, written);
      } catch (error) {
        // Half a line is out: the rest has to follow, whatever was lost before.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || (retries-- <= 0 && written === 0)) return false;
        if (retries < -PATIENCE_MS / RETRY_MS) return false;
        Atomics.wait(this.bed, 0, 0, RETRY_MS);
      }
    }
    return true;
  }
}

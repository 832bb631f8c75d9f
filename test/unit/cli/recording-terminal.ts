/** A Terminal that keeps what it was told, each line with the name of its stream. */
import type { Terminal } from '../../../src/cli/zk-cli/terminal.js';

export class RecordingTerminal implements Terminal {
  private lines: string[] = [];

  out(text: string): void {
    this.lines.push(`out ${text}`);
  }

  err(text: string): void {
    this.lines.push(`err ${text}`);
  }

  outRaw(text: string): void {
    this.lines.push(`raw ${text}`);
  }

  /** What came since the last call. */
  take(): string[] {
    const taken = this.lines;
    this.lines = [];
    return taken;
  }
}

// Where zkCli writes: results on one stream, everything about errors on the other, whole lines. A port, so that
// commands can be tested without a process; the real one is in the main file. Commands must never write to the
// process's streams themselves.

export interface Terminal {
  /** stdout; a line end is added. */
  out(text: string): void;
  /** stderr; a line end is added. */
  err(text: string): void;
  /** stdout, exactly this. */
  outRaw(text: string): void;
}

// Where zkServer's words go: results to stdout, everything about how it went there to stderr, as wrappers expect.
// Given to every sub-command, so that tests can listen.
// Nobody else in this folder may write to a stream.

export interface Terminal {
  out(text: string): void;
  err(text: string): void;
}

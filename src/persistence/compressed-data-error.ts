// Compressed bytes are not what their format allows. What was read of them so far may be right; whoever reads a snapshot
// takes the file for broken and throws it all away. Thrown by gz-source.ts, snappy-source.ts and what they use, on any thread;
// it never stands for a disk that fails, whose own errors pass unchanged.

export class CompressedDataError extends Error {
  override readonly name = 'CompressedDataError';
}

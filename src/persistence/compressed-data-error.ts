// Compressed bytes are not what their format allows. What was read of them so far may be right; whoever reads a snapshot
// takes the file for broken and throws it all away.

export class CompressedDataError extends Error {
  override readonly name = 'CompressedDataError';
}

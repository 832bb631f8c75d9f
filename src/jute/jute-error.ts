// Thrown when bytes do not decode as the record that was expected: cut short, a length that is negative, over the
// limit or beyond the end. It means broken input from outside, never a bug here. Whoever decodes decides what it costs
// the sender (MarshallingError, a closed connection, a log that ends here).

export class JuteError extends Error {
  override readonly name = 'JuteError';
}

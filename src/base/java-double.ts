/**
 * Floating-point numbers written as Java writes them, because tools parse the text. Pure; any thread. Nothing here may be used to
 * read anything back.
 */

/** Double.toString: `0.0`, `5.4545`, `1.0E7`, `1.0E-4`. */
export function javaDouble(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value < 0 ? '-Infinity' : 'Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-3 && magnitude < 1e7) return withPoint(String(value));
  const [mantissa, exponent] = value.toExponential().split('e');
  return `${withPoint(mantissa)}E${Number(exponent)}`;
}

/** An average as latency lines show it: at most four decimals, half up. */
export function javaAverage(value: number): string {
  return javaDouble(Number(value.toFixed(4)));
}

function withPoint(digits: string): string {
  return digits.includes('.') ? digits : `${digits}.0`;
}

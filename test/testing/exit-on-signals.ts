/**
 * For commands (benches, long tests) that start servers: an interrupt ends them through the ordinary exit, so that their
 * servers are stopped and their temporary directories removed. Not for tests: there the test runner minds the signals.
 */
export function exitOnSignals(): void {
  process.once('SIGINT', () => process.exit(130));
  process.once('SIGTERM', () => process.exit(143));
}

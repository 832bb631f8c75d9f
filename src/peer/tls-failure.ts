/**
 * Why TLS with another server failed, as one line for the log: Node passes on OpenSSL's own error, with its source lines and a line
 * end, and of an alert, which is what the other side has to say, only the number in plain sight. Pure.
 */

/** What Node adds to errors of OpenSSL. */
interface WithReason extends Error {
  readonly reason?: string;
}

/** Alerts (RFC 8446, 6) that are about the certificate this side has shown, or not shown. */
const ABOUT_CERTIFICATE: readonly number[] = [42, 43, 44, 45, 46, 48, 49, 116];

export function tlsFailureText(error: Error): string {
  const reason = (error as WithReason).reason ?? '';
  const number = Number(/SSL alert number (\d+)/.exec(error.message)?.[1] ?? Number.NaN);
  if (Number.isNaN(number)) return reason === '' ? error.message : reason;
  const words = /alert (.*)$/.exec(reason)?.[1] ?? 'unknown';
  const what = ABOUT_CERTIFICATE.includes(number) ? "refuses this server's certificate" : 'ends the handshake';
  return `the other side ${what}: TLS alert ${number}, ${words}`;
}

// What the doctor has to say: one finding each for everything that was looked at, with its place and what to do about it.
// Plain data; made by the checks of this folder, which are pure, and shown by doctor-report.ts.
// A finding must never hold a secret.

/** In rising order: `ok` was looked at and is right, `info` is worth knowing, `warning` will hurt, `error` stops a server. */
export const SEVERITIES = ['ok', 'info', 'warning', 'error'] as const;
export type Severity = (typeof SEVERITIES)[number];

export interface Finding {
  readonly severity: Severity;
  /** What was looked at, in one or two words; the same for all findings of one check. */
  readonly check: string;
  readonly what: string;
  /** A file and line, a directory, an address. Empty: the machine. */
  readonly where: string;
  /** What to do. Empty only for `ok` and `info`. */
  readonly remedy: string;
}

export function ok(check: string, what: string, where = ''): Finding {
  return { severity: 'ok', check, what, where, remedy: '' };
}

export function info(check: string, what: string, where = '', remedy = ''): Finding {
  return { severity: 'info', check, what, where, remedy };
}

export function warning(check: string, what: string, where: string, remedy: string): Finding {
  return { severity: 'warning', check, what, where, remedy };
}

export function error(check: string, what: string, where: string, remedy: string): Finding {
  return { severity: 'error', check, what, where, remedy };
}

// The doctor's findings as a person reads them, worst first, and as a program does. Pure texts; the exit code goes with
// them: 0 nothing to do, 1 there are warnings, 2 there are errors.
// Order within one severity is that of the checks.

import { type Finding, SEVERITIES, type Severity } from './finding.js';

const SIGNS: Readonly<Record<Severity, string>> = {
  ok: 'ok     ',
  info: 'info   ',
  warning: 'WARNING',
  error: 'ERROR  ',
};

export function exitCodeOf(findings: readonly Finding[]): number {
  if (findings.some(({ severity }) => severity === 'error')) return 2;
  return findings.some(({ severity }) => severity === 'warning') ? 1 : 0;
}

export function textReport(findings: readonly Finding[]): string {
  const worstFirst = [...SEVERITIES]
    .reverse()
    .flatMap((severity) => findings.filter((finding) => finding.severity === severity));
  return `${worstFirst.map(textOf).join('')}${summary(findings)}\n`;
}

function textOf({ severity, check, what, where, remedy }: Finding): string {
  const indent = `\n${' '.repeat(9)}`;
  const place = where === '' || what.includes(where) ? '' : `${indent}at ${where}`;
  return `${SIGNS[severity]}  ${check}: ${what}${place}${remedy === '' ? '' : `${indent}-> ${remedy}`}\n`;
}

function summary(findings: readonly Finding[]): string {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length;
  const [errors, warnings] = [count('error'), count('warning')];
  if (errors + warnings === 0) return `${findings.length} findings, nothing to do.`;
  return `${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`;
}

export function jsonReport(findings: readonly Finding[]): string {
  return `${JSON.stringify({ exitCode: exitCodeOf(findings), findings }, null, 2)}\n`;
}

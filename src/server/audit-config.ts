// What of the audit log is configured (operations 1.8, 9): whether there is one, its file, and what goes into it.
// Read once by the main thread; plain data that connection shards are handed. audit-log.ts writes the file, net/audit-trail.ts
// makes the lines. It holds no secret.

import { join } from 'node:path';
import { userName } from './environment.js';
import type { Settings } from './settings.js';

export interface AuditConfig {
  readonly enabled: boolean;
  readonly path: string;
  /** What succeeded is left out. */
  readonly failuresOnly: boolean;
  /** Who the server itself is, in its lines. */
  readonly serverUser: string;
}

const THRESHOLDS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'ALL'] as const;

export function readAuditConfig(settings: Settings): AuditConfig {
  const threshold = settings.choice('auditlog.threshold', THRESHOLDS);
  return {
    enabled: settings.lenientBool('audit.enable'),
    path: join(settings.text('log.dir'), settings.text('auditlog.file')),
    failuresOnly: threshold === 'WARN' || threshold === 'ERROR',
    serverUser: userName(),
  };
}

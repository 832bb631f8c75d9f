/**
 * What a worker tells the building thread unasked, over a port of its own: that an actor's failure is fatal, and what
 * its actors log where the factory module makes no loggers. One way; nobody waits for it.
 */

import type { MessagePort } from 'node:worker_threads';
import type { Logger } from './logger.js';

export type LogLevel = keyof Logger;

export type WorkerReport =
  | { readonly kind: 'fatal'; readonly actorName: string; readonly error: Error }
  | {
      readonly kind: 'log';
      readonly actorName: string;
      readonly level: LogLevel;
      readonly message: string;
      readonly fields: object | undefined;
    };

export function postReport(port: MessagePort, report: WorkerReport): void {
  port.postMessage(report);
}

/** Logs to whoever holds the other end of the port. */
export class ReportLogger implements Logger {
  private readonly port: MessagePort;
  private readonly actorName: string;

  constructor(port: MessagePort, actorName: string) {
    this.port = port;
    this.actorName = actorName;
  }

  debug(message: string, fields?: object): void {
    this.post('debug', message, fields);
  }

  info(message: string, fields?: object): void {
    this.post('info', message, fields);
  }

  warn(message: string, fields?: object): void {
    this.post('warn', message, fields);
  }

  error(message: string, fields?: object): void {
    this.post('error', message, fields);
  }

  private post(level: LogLevel, message: string, fields: object | undefined): void {
    const report = { kind: 'log', actorName: this.actorName, level, message } as const;
    try {
      postReport(this.port, { ...report, fields });
    } catch {
      // Fields that cannot be cloned (functions, sockets) must not cost the message.
      postReport(this.port, { ...report, fields: { fields: String(fields) } });
    }
  }
}

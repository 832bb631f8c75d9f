// What SIGQUIT prints, in the place of a JVM's thread dump (operations 11.3): the threads with their actors and what waits for them,
// memory, handles, processor time. Main thread. Neither the environment nor the command line nor any setting is in it: all of them
// may hold passwords; and no thread is interrupted, since those that wait for work would not answer.

import type { ThreadDump } from '../actor/thread-control.js';
import { patternTime } from './log-pattern.js';
import { FULL_VERSION, THREADKEEPER_VERSION } from './version.js';

export interface DiagnosticFacts {
  readonly nowMs: number;
  readonly mode: string | null;
  /** Null: the threads did not answer in time. */
  readonly threads: readonly ThreadDump[] | null;
  readonly ringDepths: Readonly<Record<string, number>>;
}

export function diagnosticReport(facts: DiagnosticFacts): string {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = process.memoryUsage();
  const usage = process.resourceUsage();
  const waiting = Object.entries(facts.ringDepths).filter(([, bytes]) => bytes > 0);
  const lines = [
    patternTime(new Date(facts.nowMs)),
    `Full thread dump Threadkeeper ${THREADKEEPER_VERSION} (ZooKeeper ${FULL_VERSION}), Node.js ${process.version}:`,
    `process ${process.pid}, up ${Math.round(process.uptime())} s, ${facts.mode ?? 'not serving'}`,
    '',
    ...(facts.threads ?? []).flatMap(threadLines),
    ...(facts.threads === null ? ['the threads did not answer in time', ''] : []),
    `mailboxes with bytes in them: ${waiting.map(([name, bytes]) => `${name} ${bytes}`).join(', ') || 'none'}`,
    `memory in kB: resident ${kb(rss)}, heap ${kb(heapUsed)} of ${kb(heapTotal)}, external ${kb(external)}, buffers ${kb(arrayBuffers)}`,
    `processor ms: user ${Math.round(usage.userCPUTime / 1000)}, system ${Math.round(usage.systemCPUTime / 1000)}`,
    `context switches: voluntary ${usage.voluntaryContextSwitches}, involuntary ${usage.involuntaryContextSwitches}`,
    `handles: ${countedNames(process.getActiveResourcesInfo()) || 'none'}`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function threadLines({ name, heartbeat, actors }: ThreadDump): string[] {
  return [
    `"${name}" heartbeat ${heartbeat}`,
    ...actors.map((actor) => {
      const states = [
        actor.running ? 'running' : 'stopped',
        ...(actor.mayBeFed ? [] : ['not fed']),
        ...named('waiting in', actor.inboxesWithRecords),
        ...named('spilled to', actor.outboxesSpilled),
        ...named('wants room in', actor.outboxesAwaitingRoom),
      ];
      return `   ${actor.name}: ${states.join(', ')}`;
    }),
    '',
  ];
}

function named(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what} ${names.join(' ')}`];
}

function kb(bytes: number): number {
  return Math.round(bytes / 1024);
}

function countedNames(names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}

/**
 * Takes strace's lines apart into the beginnings and the ends of calls, in the order in which the tracer saw them. That order
 * is one the machine can vouch for: a thread that has ended a call stands still until the tracer has noted it, so whatever it causes
 * is noted behind it.
 *
 *   12 fdatasync(21</d/log.1>) = 0                          began and ended with nothing between
 *   12 fdatasync(21</d/log.1> <unfinished ...>              began
 *   14 write(22<TCP:[127.0.0.1:1->127.0.0.1:2]>, "\x00", 1) = 1
 *   12 <... fdatasync resumed>) = 0                         ended
 */

export interface TracedCall {
  readonly name: string;
  /** Of the descriptor: a path, or `TCP:[...]`. */
  readonly file: string;
  /** Everything between the parentheses. */
  readonly args: string;
}

export interface TraceVisitor {
  onBegin(call: TracedCall): void;
  onEnd(call: TracedCall, result: number): void;
}

const LINE = /^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$/s;
const RESULT = /\)\s+= (-?\d+)[^=]*$/;
const UNFINISHED = ' <unfinished ...>';
const DESCRIPTOR = /^\d+<((?:TCP|UNIX|pipe|anon_inode):?\[?[^>]*(?:->[^>]*)?\]?|[^>]*)>/;

export function visitTrace(trace: string, visitor: TraceVisitor): void {
  const open = new Map<string, TracedCall>();
  for (const line of trace.split('\n')) {
    const match = LINE.exec(line);
    if (match === null) continue;
    const [, thread, resumed, started, rest] = match as unknown as [string, string, string | undefined, string, string];
    let call = open.get(thread);
    let text = rest;
    if (resumed === undefined) {
      const isOpen = rest.endsWith(UNFINISHED);
      if (isOpen) text = rest.slice(0, -UNFINISHED.length);
      call = { name: started, file: fileOf(text), args: text };
      visitor.onBegin(call);
      if (isOpen) {
        open.set(thread, call);
        continue;
      }
    }
    open.delete(thread);
    const result = RESULT.exec(text.slice(-200));
    if (call !== undefined && result !== null) visitor.onEnd(call, Number(result[1]));
  }
}

/** `-xx` writes paths in hexadecimal as well, but not the ends of a connection. */
function fileOf(args: string): string {
  const connection = /^\d+<(TCP(?:v6)?:\[[^\]]*\])/.exec(args.slice(0, 200));
  if (connection !== null) return connection[1] as string;
  const file = DESCRIPTOR.exec(args.slice(0, 4000))?.[1] ?? '';
  return file.startsWith('\\x') ? bytesOf(file).toString() : file;
}

/** The bytes of `\x00\x01...`. */
export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex');
}

/** The first string among the arguments, or all of a vector's. */
export function contentsOf(args: string): Buffer {
  return Buffer.concat([...args.matchAll(/"((?:\\x[0-9a-f]{2})*)"/g)].map((match) => bytesOf(match[1] as string)));
}

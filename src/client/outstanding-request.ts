// One request between being made and being answered: how to read the reply, what to do with it, and which watch to
// register when it is good. Made by ZooKeeper's methods, queued by ClientCnxn in xid order. Settled exactly once, by its
// reply, by the loss of its connection or by its caller giving up, and never calls application code itself.

import { assert } from '../base/assert.js';
import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { ErrorCode } from '../protocol/error-code.js';
import type { OpCode } from '../protocol/op-code.js';
import type { Chroot } from './chroot.js';
import { type ClientWatchManager, WatchKind } from './client-watch-manager.js';
import { KeeperError } from './keeper-error.js';
import type { Watcher } from './watched-event.js';

export interface WatchToRegister {
  readonly kind: WatchKind;
  readonly serverPath: string;
  readonly watcher: Watcher;
  /** Through whose eyes the watcher sees paths. */
  readonly chroot: Chroot;
}

export interface Operation<T> {
  readonly type: OpCode;
  /** As the caller wrote it, for errors. */
  readonly path: string | null;
  /** Writes the request record, nothing at all for operations that have none. */
  encode(w: JuteWriter): void;
  /** Reads the reply record. The bytes are valid only during the call: buffers must be copied. May throw KeeperError. */
  decode(r: JuteReader): T;
  readonly watch: WatchToRegister | null;
  /** Makes NoNode an answer instead of an error (exists). A watch then waits for the node to be created. */
  readonly onNoNode: { readonly value: T } | null;
}

/** What its caller may give up, by time or by signal. */
export interface Limited {
  readonly path: string | null;
  /** Called once the promise is settled, however: takes it off its deadline and its AbortSignal. */
  onSettled: (() => void) | null;
  /** The caller no longer waits. */
  abandon(reason: unknown): void;
}

/** What ClientCnxn sees of a request, whatever its result is. A reply after abandon is only good for its place. */
export interface Outstanding extends Limited {
  /** 0 until it is written into a connection. */
  xid: number;
  /** The promise is settled, although there is no reply yet. */
  readonly isAbandoned: boolean;
  /** Its reply, if good, makes the server remember a watch at this path. */
  watchesAt(serverPath: string): boolean;
  /** Throws JuteError when the record does not decode; the request is then still unsettled. */
  settle(errorCode: number, record: JuteReader, watches: ClientWatchManager): void;
  /** There will be no reply. `cause`: what ended the connection, when that is why. */
  fail(errorCode: number, watches: ClientWatchManager, cause: Error | null): void;
}

export class OutstandingRequest<T> implements Outstanding {
  xid = 0;
  onSettled: (() => void) | null = null;
  private readonly operation: Operation<T>;
  private readonly resolve: (value: T) => void;
  private readonly reject: (error: unknown) => void;
  private abandoned = false;

  constructor(operation: Operation<T>, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.operation = operation;
    this.resolve = resolve;
    this.reject = reject;
  }

  get path(): string | null {
    return this.operation.path;
  }

  get isAbandoned(): boolean {
    return this.abandoned;
  }

  watchesAt(serverPath: string): boolean {
    return this.operation.watch?.serverPath === serverPath;
  }

  settle(errorCode: number, record: JuteReader, watches: ClientWatchManager): void {
    if (this.abandoned) return;
    const { decode, watch, onNoNode, path } = this.operation;
    if (errorCode === ErrorCode.Ok) {
      let value: T;
      try {
        value = decode(record);
      } catch (error) {
        if (!(error instanceof KeeperError)) throw error;
        this.reject(error);
        this.onSettled?.();
        return;
      }
      if (watch !== null) watches.add(watch.kind, watch.serverPath, watch.watcher, watch.chroot);
      this.resolve(value);
    } else if (errorCode === ErrorCode.NoNode && onNoNode !== null) {
      if (watch !== null) watches.add(WatchKind.Exist, watch.serverPath, watch.watcher, watch.chroot);
      this.resolve(onNoNode.value);
    } else {
      this.reject(new KeeperError(errorCode, path));
    }
    this.onSettled?.();
  }

  fail(errorCode: number, _watches: ClientWatchManager, cause: Error | null): void {
    if (this.abandoned) return;
    this.reject(new KeeperError(errorCode, this.operation.path, cause));
    this.onSettled?.();
  }

  abandon(reason: unknown): void {
    assert(!this.abandoned, 'given up twice');
    this.abandoned = true;
    this.reject(reason);
    this.onSettled?.();
  }
}

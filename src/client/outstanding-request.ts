// One request between being written and being answered: how to read the reply, what to do with it, and which watch to
// register when it is good. Made by ZooKeeper's methods, queued by ClientCnxn in xid order. Settled exactly once, by
// its reply or by the loss of its connection, and never calls application code itself.

import { assert } from '../base/assert.js';
import type { JuteReader } from '../jute/jute-reader.js';
import type { JuteWriter } from '../jute/jute-writer.js';
import { ErrorCode } from '../protocol/error-code.js';
import type { OpCode } from '../protocol/op-code.js';
import { type ClientWatchManager, WatchKind } from './client-watch-manager.js';
import { KeeperError } from './keeper-error.js';
import type { Watcher } from './watched-event.js';

export interface WatchToRegister {
  readonly kind: WatchKind;
  readonly serverPath: string;
  readonly watcher: Watcher;
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

/** What ClientCnxn sees of a request, whatever its result is. */
export interface Outstanding {
  readonly xid: number;
  /** Throws JuteError when the record does not decode; the request is then still unsettled. */
  settle(errorCode: number, record: JuteReader, watches: ClientWatchManager): void;
  fail(errorCode: number): void;
}

export class OutstandingRequest<T> implements Outstanding {
  readonly xid: number;
  private readonly operation: Operation<T>;
  private readonly resolve: (value: T) => void;
  private readonly reject: (error: unknown) => void;

  constructor(xid: number, operation: Operation<T>, resolve: (value: T) => void, reject: (error: unknown) => void) {
    assert(xid > 0, 'ordinary xids are positive');
    this.xid = xid;
    this.operation = operation;
    this.resolve = resolve;
    this.reject = reject;
  }

  settle(errorCode: number, record: JuteReader, watches: ClientWatchManager): void {
    const { decode, watch, onNoNode, path } = this.operation;
    if (errorCode === ErrorCode.Ok) {
      let value: T;
      try {
        value = decode(record);
      } catch (error) {
        if (!(error instanceof KeeperError)) throw error;
        this.reject(error);
        return;
      }
      if (watch !== null) watches.add(watch.kind, watch.serverPath, watch.watcher);
      this.resolve(value);
    } else if (errorCode === ErrorCode.NoNode && onNoNode !== null) {
      if (watch !== null) watches.add(WatchKind.Exist, watch.serverPath, watch.watcher);
      this.resolve(onNoNode.value);
    } else {
      this.reject(new KeeperError(errorCode, path));
    }
  }

  fail(errorCode: number): void {
    this.reject(new KeeperError(errorCode, this.operation.path));
  }
}

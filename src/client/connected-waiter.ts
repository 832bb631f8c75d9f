// One whenConnected() that waits: for the next session to open, or for the word that none ever will. Kept by ClientCnxn
// until then; its caller may give up earlier. Settled exactly once, whatever happens afterwards. It knows nothing of
// connections.

import type { KeeperError } from './keeper-error.js';
import type { Limited } from './outstanding-request.js';

export class ConnectedWaiter implements Limited {
  readonly path = null;
  onSettled: (() => void) | null = null;
  private readonly resolve: () => void;
  private readonly reject: (error: unknown) => void;

  constructor(resolve: () => void, reject: (error: unknown) => void) {
    this.resolve = resolve;
    this.reject = reject;
  }

  onConnected(): void {
    this.resolve();
    this.onSettled?.();
  }

  fail(error: KeeperError): void {
    this.abandon(error);
  }

  abandon(reason: unknown): void {
    this.reject(reason);
    this.onSettled?.();
  }
}

/**
 * One session that writes to an ensemble whatever happens to its members: pipelined writes, each in its ledger. When its
 * connection breaks it opens its session again on another member, waits for what is on its way (sync), and holds what it
 * reads against the ledger before it goes on. Every reply must be a success, in order, with a zxid above the one before.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type FoundNode, readNodes } from '../testing/pipelined-read.js';
import { counted, Op, WireConnection } from '../testing/wire-connection.js';
import type { Ledger } from './kill-nine-ledger.js';
import { LedgerSession, SESSION_MS } from './ledger-session.js';

const RETRY_MS = 5;
/** Everything that was ever written is read back from members that have just been under load. */
const READ_MS = 30_000;
/** A member that says nothing for that long is left for another. */
const PATIENCE_MS = 8_000;

export interface EnsembleWriterOptions {
  /** Client ports of all members, whether they run or not. */
  readonly ports: readonly number[];
  readonly outstanding: number;
  readonly onAcknowledged?: (zxid: bigint) => void;
}

export class EnsembleWriter {
  readonly ledger: Ledger;
  /** Times that the session was opened again. */
  reopened = 0;
  nodesVerified = 0;
  private readonly session: LedgerSession;
  private readonly options: EnsembleWriterOptions;
  private turn: number;
  private stopping = false;

  private constructor(session: LedgerSession, turn: number, options: EnsembleWriterOptions) {
    this.session = session;
    this.ledger = session.ledger;
    this.turn = turn;
    this.options = options;
  }

  /** Opens its session on the member of that port. */
  static async open(ledger: Ledger, turn: number, options: EnsembleWriterOptions): Promise<EnsembleWriter> {
    const port = options.ports[turn % options.ports.length] as number;
    return new EnsembleWriter(await LedgerSession.open(port, ledger), turn, options);
  }

  /** Writes until `stop`, and can be asked to again; ends with the first broken promise. */
  async run(): Promise<void> {
    this.stopping = false;
    while (!this.stopping) {
      await this.writeUntilBroken();
      if (this.session.sentCount > 0 || !this.stopping) await this.reopen();
    }
  }

  /** Nothing new is sent; `run` ends when what was sent has been answered or judged. */
  stop(): void {
    this.stopping = true;
  }

  /** Every node ever written, as this member shows it after a sync. */
  async verifyAll(port: number): Promise<void> {
    const connection = await WireConnection.openSession(port, {}, READ_MS);
    connection.patienceMs = READ_MS;
    try {
      const synced = await connection.call(1, Op.Sync, counted('/'));
      if (synced.err !== 0) throw new Error(`sync failed with ${synced.err}`);
      this.ledger.verify(await this.readNodes(connection, this.ledger.paths(true)));
      await connection.closeSession();
    } finally {
      connection.destroy();
    }
  }

  close(): Promise<void> {
    return this.session.close();
  }

  destroy(): void {
    this.session.destroy();
  }

  private async writeUntilBroken(): Promise<void> {
    const { session } = this;
    const fill = (): void => {
      const frames: Buffer[] = [];
      while (!this.stopping && session.sentCount < this.options.outstanding) frames.push(session.plannedWrite());
      if (frames.length > 0) session.connection.send(...frames);
    };
    for (fill(); session.sentCount > 0; fill()) {
      const payload = await session.connection.nextFrame(PATIENCE_MS).catch(() => null);
      if (payload === null) return;
      const zxid = session.acceptReply(payload);
      this.options.onAcknowledged?.(zxid);
    }
  }

  /** On whichever member takes it; the state that the ledger allows must be found, and the ephemeral be there. */
  private async reopen(): Promise<void> {
    for (const giveUpAt = performance.now() + SESSION_MS; ; ) {
      this.session.destroy();
      if (performance.now() > giveUpAt) throw new Error(`${this.ledger.root}: no member has taken the session`);
      await delay(RETRY_MS);
      if (await this.tryReopen()) break;
    }
    this.reopened++;
    this.session.forgetSent();
  }

  private async tryReopen(): Promise<boolean> {
    const { session } = this;
    const { ports } = this.options;
    let isOpen: boolean;
    let found = new Map<string, FoundNode | null>();
    let owner: bigint | null = null;
    try {
      isOpen = await session.openAgain(ports[++this.turn % ports.length] as number);
      if (isOpen) {
        const synced = await session.call(Op.Sync, counted('/'));
        if (synced.err !== 0) throw new Error(`sync failed with ${synced.err}`);
        found = await this.readNodes(session.connection, this.ledger.paths(false));
        owner = await session.ephemeralOwner();
      }
    } catch {
      // No promise is broken by a member that is not there, or hangs up: the next one is asked.
      return false;
    }
    if (!isOpen) throw new Error(`${session.name} was not opened again`);
    this.ledger.verify(found);
    session.mustOwnEphemeral(owner);
    return true;
  }

  private async readNodes(
    connection: WireConnection,
    paths: readonly string[],
  ): Promise<Map<string, FoundNode | null>> {
    const found = await readNodes(connection, this.session.nextXid, paths, READ_MS);
    this.nodesVerified += found.size;
    return found;
  }
}

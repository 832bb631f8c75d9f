/**
 * Thousands of random operations on a server process, whichever it is: all kinds of nodes, ACLs, multis, requests that fail or do not even decode,
 * sessions that are closed, that expire with their ephemerals, and that are left open with them. Nobody judges the
 * answers here; what counts is the history that the server leaves in its files.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Prng } from '../../../src/base/prng.js';
import type { ClientEnd } from '../../testing/inline/sim-client-network.js';
import { WireClient } from '../../testing/inline/wire-client.js';
import { SocketEnd } from '../../testing/socket-end.js';
import { until } from '../../testing/until.js';
import { ModelConnection } from '../../unit/processor/model/model-connection.js';
import { OPEN } from '../../unit/processor/model/model-tree.js';
import { USERS, Workload } from '../../unit/processor/model/workload.js';

const ADDRESS = '127.0.0.1';
const CONNECTIONS = 6;
const DEADLINE_MS = 60_000;
const REFUSED_MAX = 100;
const CREATE = 1;
const EPHEMERAL = 1;
export const LONG_SESSION_MS = 600_000;

export interface History {
  readonly requests: number;
  readonly sessionsOpened: number;
  readonly sessionsClosed: number;
  /** Left without a close; the short ones expire. */
  readonly sessionsDropped: number;
}

export class RandomHistory {
  private readonly prng: Prng;
  private readonly workload: Workload;
  private readonly port: number;
  private readonly shortSessionMs: number;
  private readonly living: { connection: ModelConnection; isLong: boolean }[] = [];
  private requests = 0;
  /** Handshakes in a row that came to nothing. */
  private refused = 0;
  private opened = 0;
  private closed = 0;
  private dropped = 0;

  constructor(port: number, seed: number, shortSessionMs: number) {
    this.port = port;
    this.shortSessionMs = shortSessionMs;
    this.prng = new Prng(seed).fork('both ways');
    this.workload = new Workload(this.prng.fork('workload'), { longBytes: 3000, for38: true });
  }

  /** When it returns, connections have been dropped everywhere: short sessions are about to expire, long ones stay open. */
  async drive(requests: number): Promise<History> {
    while (this.requests < requests) {
      while (this.living.length < CONNECTIONS) await this.open();
      const at = this.prng.below(this.living.length);
      const { connection } = this.living[at] as (typeof this.living)[0];
      for (let burst = this.prng.below(12); burst >= 0; burst--, this.requests++) this.workload.send(connection);
      if (this.prng.below(60) === 0) await this.leave(at);
      else if (connection.client.outstandingCount > 60) await this.answered(connection);
      if (this.prng.below(4) === 0) await turn();
      for (const { connection: each } of this.living) each.collect();
      for (let i = this.living.length - 1; i >= 0; i--) if (this.living[i]?.connection.isOver) this.living.splice(i, 1);
    }
    while (this.living.length > 0) await this.drop(0);
    return {
      requests: this.requests,
      sessionsOpened: this.opened,
      sessionsClosed: this.closed,
      sessionsDropped: this.dropped,
    };
  }

  private async open(): Promise<void> {
    const isLong = this.prng.below(2) === 0;
    const client = new WireClient<ClientEnd>(new SocketEnd(this.port));
    const connection = new ModelConnection(client, ADDRESS);
    client.handshake({ timeOutMs: isLong ? LONG_SESSION_MS : this.shortSessionMs });
    await until('a handshake', DEADLINE_MS, () => {
      connection.collect();
      return connection.frames.length > 0 || connection.isOver;
    });
    // On a busy machine a short session may be over before it is granted.
    if (connection.isOver || client.sessionId === 0n) {
      if (++this.refused > REFUSED_MAX) throw new Error('the server opens no sessions any more');
      return;
    }
    this.refused = 0;
    for (const [user, id] of USERS) if (this.prng.below(3) === 0) connection.login(user, id);
    // Its own, whatever else it may come to make.
    const path = `/session-${this.opened++}`;
    connection.write({ op: CREATE, path, data: null, acl: OPEN, flags: EPHEMERAL });
    this.living.push({ connection, isLong });
  }

  private async leave(at: number): Promise<void> {
    const { connection } = this.living[at] as (typeof this.living)[0];
    if (this.prng.below(3) > 0) {
      await this.drop(at);
      return;
    }
    connection.close();
    await this.answered(connection);
    connection.client.connection.destroy();
    this.living.splice(at, 1);
    this.closed++;
  }

  private async drop(at: number): Promise<void> {
    const { connection } = this.living[at] as (typeof this.living)[0];
    await this.answered(connection);
    connection.client.connection.destroy();
    this.living.splice(at, 1);
    this.dropped++;
  }

  private async answered(connection: ModelConnection): Promise<void> {
    await until('all replies', DEADLINE_MS, () => {
      connection.collect();
      return connection.isOver || connection.client.outstandingCount === 0;
    });
  }
}

/**
 * A well-behaved client that works all the while others misbehave: it writes, reads what it wrote and counts. A server
 * that stalls, loses a reply or drops this innocent session is found out by it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { counted, int32, Op, openAcl, type Reply, request, WireConnection } from './wire-connection.js';

/** Between two rounds, so that the witness does not itself become the load. */
const PAUSE_MS = 5;
const REPLY_MS = 10_000;

export class Witness {
  /** Rounds of one write and one read, both right. */
  rounds = 0;
  longestRoundMs = 0;
  private readonly connection: WireConnection;
  private readonly path: string;
  private readonly work: Promise<void>;
  private xid = 0;
  private stopping = false;
  private failure: Error | null = null;

  private constructor(connection: WireConnection, path: string) {
    this.connection = connection;
    this.path = path;
    this.work = this.run().catch((error: Error) => {
      this.failure = error;
    });
  }

  static async start(port: number): Promise<Witness> {
    return new Witness(await WireConnection.openSession(port, { timeOutMs: 6000 }), '/witness');
  }

  /** Throws when anything has gone wrong so far; otherwise waits for a few more rounds, which must come. */
  async confirm(): Promise<void> {
    const goal = this.rounds + 3;
    while (this.failure === null && this.rounds < goal) await pause(PAUSE_MS);
    if (this.failure !== null) throw this.failure;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.work;
    if (this.failure !== null) throw this.failure;
    await this.connection.closeSession();
  }

  private async run(): Promise<void> {
    const path = counted(this.path);
    await this.call(Op.Create, path, counted('0'), openAcl, int32(0));
    while (!this.stopping) {
      const began = performance.now();
      const value = counted(`round ${this.rounds + 1}`);
      await this.call(Op.SetData, path, value, int32(this.rounds));
      const { body } = await this.call(Op.GetData, path, Uint8Array.of(0));
      if (!body.subarray(0, value.length).equals(value)) throw new Error(`witness read ${body.toString('latin1')}`);
      this.longestRoundMs = Math.max(this.longestRoundMs, performance.now() - began);
      this.rounds++;
      await pause(PAUSE_MS);
    }
  }

  private async call(op: number, ...body: Uint8Array[]): Promise<Reply> {
    const xid = ++this.xid;
    this.connection.send(request(xid, op, ...body));
    const reply = await this.connection.nextReply(REPLY_MS);
    if (reply.xid !== xid || reply.err !== 0) throw new Error(`witness: xid ${reply.xid} for ${xid}, err ${reply.err}`);
    return reply;
  }
}

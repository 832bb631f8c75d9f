/**
 * An ensemble of server processes on loopback ports: ours, Apache's, or any mixture of both, each member with a data directory
 * of its own that outlives its process and can be served by the other kind next. Ports, `myid` and zoo.cfg are made here; who
 * leads is what the members say themselves (`srvr`). All processes end with the ensemble, or with whoever started it.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apacheServer } from './apache-server.js';
import { fourLetterWord } from './four-letter-word.js';
import { freePort } from './free-port.js';
import { threadStatesOf } from './proc-stat.js';
import { type Exit, type ServerKind, type ServerOptions, ServerProcess } from './server-process.js';
import { makeTempDir, type TempDir } from './temp-dir.js';
import { threadkeeperServer } from './threadkeeper-server.js';
import { until } from './until.js';

/** Three of them fit into a small machine. */
const APACHE_HEAP_MB = 256;
const READY_MS = 30_000;
/** Of each member, where something went wrong. */
const LOG_LINES = 30;

export type MemberKind = ServerKind['name'];
export type MemberMode = 'leader' | 'follower' | 'observer' | 'standalone' | 'read-only';

export interface EnsembleOptions {
  /** Kind of member 1, 2, ... */
  readonly kinds: readonly MemberKind[];
  /** Sids of those that do not vote. */
  readonly observers?: readonly number[];
  /** Further lines of every member's zoo.cfg; undefined takes a default away. */
  readonly cfg?: NonNullable<ServerOptions['cfg']>;
  /** Lines of one member's alone. */
  readonly cfgOf?: (sid: number, kind: MemberKind) => NonNullable<ServerOptions['cfg']>;
  readonly heapMb?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** How a member's process is started, when not as usual: under strace, for one. */
  readonly wrap?: (kind: ServerKind, member: EnsembleMember) => ServerKind;
  /** Members that are not started with the ensemble. */
  readonly absent?: readonly number[];
}

/** What stays when the process is another one. */
export class EnsembleMember {
  readonly sid: number;
  readonly clientPort: number;
  readonly quorumPort: number;
  readonly electionPort: number;
  readonly dataDir: string;
  /** As it was last started. */
  kind: MemberKind;
  process: ServerProcess | null = null;
  private earlierLog = '';

  constructor(sid: number, kind: MemberKind, ports: readonly number[], dataDir: string) {
    this.sid = sid;
    this.kind = kind;
    [this.clientPort, this.quorumPort, this.electionPort] = ports as [number, number, number];
    this.dataDir = dataDir;
  }

  get isRunning(): boolean {
    return this.process?.isRunning ?? false;
  }

  get pid(): number {
    return this.running().pid;
  }

  /** What all its processes have said so far. */
  log(): string {
    return this.earlierLog + (this.process?.log() ?? '');
  }

  running(): ServerProcess {
    if (this.process === null) throw new Error(`member ${this.sid} is not running`);
    return this.process;
  }

  /** The last process is over: its words are kept, its directory goes. */
  async forget(): Promise<void> {
    if (this.process === null) return;
    this.earlierLog += `${this.process.log()}\n--- the process of member ${this.sid} was over here ---\n`;
    await this.process[Symbol.asyncDispose]();
    this.process = null;
  }
}

const KINDS: Readonly<Record<MemberKind, ServerKind>> = { threadkeeper: threadkeeperServer, apache: apacheServer };

export class EnsembleProcess {
  readonly members: readonly EnsembleMember[];
  private readonly options: EnsembleOptions;
  private readonly tempDir: TempDir;

  private constructor(members: readonly EnsembleMember[], options: EnsembleOptions, tempDir: TempDir) {
    this.members = members;
    this.options = options;
    this.tempDir = tempDir;
  }

  /** Three of ours, with ticks of a second, unless the options say otherwise. */
  static startOurs(options: Partial<EnsembleOptions> = {}): Promise<EnsembleProcess> {
    const kinds = ['threadkeeper', 'threadkeeper', 'threadkeeper'] as const;
    return EnsembleProcess.start({ kinds, cfg: { tickTime: 1000 }, ...options });
  }

  /** Makes the members and starts those that are not `absent`; waits until each of them serves clients. */
  static async start(options: EnsembleOptions): Promise<EnsembleProcess> {
    const ensemble = await EnsembleProcess.prepare(options);
    try {
      const sids = ensemble.members.map(({ sid }) => sid).filter((sid) => !(options.absent ?? []).includes(sid));
      for (const sid of sids) await ensemble.startMember(sid);
      await ensemble.awaitServing(sids);
      return ensemble;
    } catch (error) {
      await ensemble[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Directories and ports only; nothing runs yet. */
  static async prepare(options: EnsembleOptions): Promise<EnsembleProcess> {
    const tempDir = makeTempDir('ensemble');
    const taken = new Set<number>();
    while (taken.size < options.kinds.length * 3) taken.add(await freePort());
    const ports = [...taken];
    const members = options.kinds.map((kind, i) => {
      const sid = i + 1;
      const dataDir = join(tempDir.path, `member-${sid}`);
      mkdirSync(dataDir);
      writeFileSync(join(dataDir, 'myid'), `${sid}\n`);
      return new EnsembleMember(sid, kind, ports.slice(i * 3, i * 3 + 3), dataDir);
    });
    return new EnsembleProcess(members, options, tempDir);
  }

  member(sid: number): EnsembleMember {
    const member = this.members[sid - 1];
    if (member === undefined) throw new Error(`the ensemble has no member ${sid}`);
    return member;
  }

  get running(): EnsembleMember[] {
    return this.members.filter((member) => member.isRunning);
  }

  /** Client ports of the members that run, or of all. */
  ports(): number[] {
    return this.running.map(({ clientPort }) => clientPort);
  }

  /** Spawns the member's process, of this kind from now on, on the data it has. Waits for nothing. */
  async startMember(sid: number, kind?: MemberKind): Promise<void> {
    const member = this.member(sid);
    if (member.isRunning) throw new Error(`member ${sid} runs already`);
    await member.forget();
    member.kind = kind ?? member.kind;
    const usual = KINDS[member.kind];
    member.process = await ServerProcess.spawn(this.options.wrap?.(usual, member) ?? usual, {
      dataDir: member.dataDir,
      port: member.clientPort,
      heapMb: this.options.heapMb ?? APACHE_HEAP_MB,
      cfg: {
        initLimit: 10,
        syncLimit: 5,
        ...this.serverLines(),
        ...this.options.cfg,
        ...this.options.cfgOf?.(sid, member.kind),
      },
      ...(this.options.env === undefined ? {} : { env: this.options.env }),
    });
  }

  /** `server.N` of all members, as each of them reads it. */
  serverLines(): Record<string, string> {
    const lines = this.members.map(({ sid, quorumPort, electionPort }): [string, string] => {
      const role = this.isObserver(sid) ? 'observer' : 'participant';
      return [`server.${sid}`, `127.0.0.1:${quorumPort}:${electionPort}:${role}`];
    });
    return Object.fromEntries(lines);
  }

  isObserver(sid: number): boolean {
    return (this.options.observers ?? []).includes(sid);
  }

  /** kill -9. */
  async kill(sid: number): Promise<Exit> {
    return await this.member(sid).running().kill();
  }

  /** As operators stop it. */
  async stopMember(sid: number): Promise<void> {
    const process = this.member(sid).running();
    process.signal('SIGTERM');
    await until(`member ${sid} to stop`, READY_MS, () => !process.isRunning);
  }

  /** Returns when none of its threads runs any more: on a busy machine that is not at once. */
  async pause(sid: number): Promise<void> {
    const process = this.member(sid).running();
    process.signal('SIGSTOP');
    await until(`member ${sid} to stand still`, READY_MS, () =>
      threadStatesOf(process.pid).every((state) => state === 'T'),
    );
  }

  resume(sid: number): void {
    this.member(sid).running().signal('SIGCONT');
  }

  /** What the member calls itself; null while it serves nobody, or is not there. */
  async mode(sid: number): Promise<MemberMode | null> {
    const text = await this.word(sid, 'srvr');
    return (/^Mode: (\S+)$/m.exec(text)?.[1] as MemberMode | undefined) ?? null;
  }

  /** The last zxid that the member has applied, as it says itself; null while it serves nobody. */
  async zxid(sid: number): Promise<bigint | null> {
    const text = await this.word(sid, 'srvr');
    const match = /^Zxid: (0x[0-9a-f]+)$/m.exec(text);
    return match === null ? null : BigInt(match[1] as string);
  }

  /**
   * Waits until these members are leader, follower or observer; or all that run, and one of them leads. Who was asked before it
   * has seen its leader die calls itself a follower still: behind a leader's end, wait for all.
   */
  async awaitServing(sids?: readonly number[], deadlineMs = READY_MS): Promise<void> {
    let told = '';
    await until('the members to serve', deadlineMs, async () => {
      let leaders = 0;
      for (const sid of sids ?? this.running.map(({ sid }) => sid)) {
        this.mustRun(sid);
        const mode = await this.mode(sid);
        told = `member ${sid}: ${mode}`;
        if (mode === null || mode === 'read-only') return false;
        if (mode === 'leader') leaders++;
      }
      told = `${leaders} leaders`;
      return sids !== undefined || leaders === 1;
    }).catch((error: Error) => this.withLogs(new Error(`${error.message} (${told})`)));
  }

  /** The sid of the member that says that it leads. */
  async leader(deadlineMs = READY_MS): Promise<number> {
    return await until('a leader', deadlineMs, async () => {
      for (const { sid } of this.running) if ((await this.mode(sid)) === 'leader') return sid;
      return undefined;
    }).catch((error: Error) => this.withLogs(error));
  }

  /** Waits until all members that run have applied the same last transaction: only when nobody writes. */
  async awaitSameZxid(deadlineMs = READY_MS): Promise<bigint> {
    return await until('members to be at one zxid', deadlineMs, async () => {
      const zxids = await Promise.all(this.running.map(({ sid }) => this.zxid(sid)));
      const [first] = zxids;
      return first !== null && zxids.every((zxid) => zxid === first) ? first : undefined;
    }).catch((error: Error) => this.withLogs(error));
  }

  /** Stops all and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.members) {
      if (member.isRunning) await member.process?.kill();
      await member.forget();
    }
    this.tempDir.remove();
  }

  private async word(sid: number, word: string): Promise<string> {
    // A member that does not listen yet, or closes at once, has not said anything.
    return await fourLetterWord(this.member(sid).clientPort, word).catch(() => '');
  }

  private mustRun(sid: number): void {
    if (!this.member(sid).isRunning) throw new Error(`member ${sid} has ended by itself`);
  }

  /** Throws it again, with the last words of every member; once is enough. */
  withLogs(error: Error): never {
    throw error instanceof EnsembleError ? error : new EnsembleError(`${error.message}\n${this.lastWords()}`);
  }

  lastWords(): string {
    const logs = this.members.map((member) => {
      // Asked again and again by the one that waited.
      const lines = member
        .log()
        .split('\n')
        .filter((line) => !line.includes('Processing srvr command'));
      return `--- member ${member.sid}, ${member.kind}\n${lines.slice(-LOG_LINES).join('\n')}`;
    });
    return logs.join('\n');
  }
}

/** What went wrong, and what the members had to say about it. */
class EnsembleError extends Error {}

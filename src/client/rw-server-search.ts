// While a client is connected to a server that can only read, this asks the others, one after the other, whether they can
// write ("isro", answered in plain text), ever more rarely, until one says yes. Owned by one ClientCnxn; uses connections
// of its own, one at a time, which never carry a session.
//
//   waiting --(interval)--> asking --"rw"--> found
//      ^                       |
//      +-- anything else ------+   interval doubles, 100 ms … 60 s

import { decodeUtf8, encodeUtf8 } from '../base/utf8.js';
import type { ServerAddress } from './connect-string.js';
import type { HostProvider } from './host-provider.js';
import type { ClientPorts, Connection } from './transport.js';

const INTERVAL_MS_MIN = 100;
const INTERVAL_MS_MAX = 60_000;
/** For connecting and for the answer. */
const ANSWER_MS_MAX = 1000;
/** "rw", "ro" or "null": whatever is longer is no answer. */
const ANSWER_BYTES_MAX = 4;

export class RwServerSearch {
  private readonly ports: ClientPorts;
  private readonly hosts: HostProvider;
  private readonly onFound: (server: ServerAddress) => void;
  private intervalMs = INTERVAL_MS_MIN;
  private deadlineMs = Number.POSITIVE_INFINITY; // of the next question, or of the answer; infinite: not searching
  private question: Connection | null = null;

  constructor(ports: ClientPorts, hosts: HostProvider, onFound: (server: ServerAddress) => void) {
    this.ports = ports;
    this.hosts = hosts;
    this.onFound = onFound;
  }

  get nextDeadlineMs(): number {
    return this.deadlineMs;
  }

  start(nowMs: number): void {
    this.stop();
    this.intervalMs = INTERVAL_MS_MIN;
    this.deadlineMs = nowMs + this.intervalMs;
  }

  stop(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY;
    this.question?.destroy();
    this.question = null;
  }

  onTurn(nowMs: number): void {
    if (nowMs < this.deadlineMs) return;
    if (this.question === null) this.ask(nowMs);
    else this.askLater(nowMs);
  }

  private ask(nowMs: number): void {
    this.deadlineMs = nowMs + ANSWER_MS_MAX;
    const { server } = this.hosts.next();
    let answer = '';
    const question = this.ports.transport.connect(server.host, server.port, {
      onConnect: () => {
        if (this.question === question) question.send(encodeUtf8('isro'));
      },
      onData: (bytes) => {
        if (this.question !== question) return;
        answer += decodeUtf8(bytes, 0, Math.min(bytes.length, ANSWER_BYTES_MAX));
        if (answer.trim() !== 'rw') return;
        this.stop();
        this.onFound(server);
      },
      onDrain: () => {},
      onClose: () => {
        if (this.question !== question) return;
        this.askLater(this.ports.clock.monotonicMs());
        this.ports.scheduler.requestTurn();
      },
    });
    this.question = question;
  }

  private askLater(nowMs: number): void {
    this.question?.destroy();
    this.question = null;
    this.intervalMs = Math.min(this.intervalMs * 2, INTERVAL_MS_MAX);
    this.deadlineMs = nowMs + this.intervalMs;
  }
}

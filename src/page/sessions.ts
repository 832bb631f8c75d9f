// The third view: connections and their sessions, and what is watched. In the browser. The totals are those of `watch_summary`; lists that
// may be long are asked for on a button's press, short ones every few seconds while they are looked at.
// Addresses and paths are shown as text.

import { element, setText } from './elements.js';
import { count, duration, milliseconds } from './format.js';
import { numberIn } from './history.js';
import { LiveTable } from './live-table.js';
import type { Fields, ServerApi } from './server-api.js';
import type { Moment, View } from './view.js';

const EVERY_SECONDS = 3;
/** Up to here the list is fetched without being asked for. */
const CONNECTIONS_UNASKED = 300;
const ROWS_MAX = 500;

interface Connection {
  readonly address: string;
  readonly session: string;
  readonly isSecure: boolean;
  readonly fields: Fields;
}

interface Watched {
  readonly path: string;
  readonly sessions: number;
}

export class Sessions implements View {
  readonly name = 'sessions';
  readonly title = 'Sessions';
  readonly element = element('div', { class: 'view' });
  private readonly api: ServerApi;
  private readonly summary = element('p', { class: 'note' });
  private readonly watchNote = element('p', { class: 'note' });
  private readonly connections = connectionTable();
  private readonly watched: LiveTable<Watched>;
  private readonly ask = element('button', { type: 'button', class: 'quiet' }, 'List the connections');
  private seconds = 0;
  private watchCount: number | undefined;
  private mayAsk = true;

  constructor(api: ServerApi) {
    this.api = api;
    this.watched = new LiveTable<Watched>(
      'Watched paths',
      [
        { name: 'path', isText: true, text: ({ path }) => path },
        { name: 'sessions', text: ({ sessions }) => count(sessions), order: ({ sessions }) => sessions },
      ],
      ({ path }) => path,
    );
    this.watched.element.hidden = true;
    this.ask.addEventListener('click', () => void this.listConnections());
    const list = element('button', { type: 'button', class: 'quiet' }, 'List what is watched');
    list.addEventListener('click', () => void this.listWatches());
    this.element.append(
      element(
        'section',
        { class: 'card' },
        element('header', {}, element('h3', {}, 'Connections'), this.ask),
        this.summary,
        this.connections.element,
      ),
      element(
        'section',
        { class: 'card' },
        element('header', {}, element('h3', {}, 'Watches'), list),
        this.watchNote,
        this.watched.element,
      ),
    );
  }

  show({ history }: Moment, isVisible: boolean): void {
    if (!isVisible) {
      this.seconds = 0;
      return;
    }
    const figures = history.newest?.figures ?? {};
    this.watchCount = numberIn(figures, 'watch_count');
    const alive = numberIn(figures, 'num_alive_connections') ?? 0;
    setText(
      this.summary,
      `${count(alive)} connections, ${count(numberIn(figures, 'global_sessions'))} sessions of the ensemble, ` +
        `${count(numberIn(figures, 'local_sessions'))} of this server alone; ${count(numberIn(figures, 'ephemerals_count'))} ephemeral nodes.`,
    );
    this.ask.hidden = alive <= CONNECTIONS_UNASKED;
    if (this.seconds++ % EVERY_SECONDS !== 0) return;
    void this.summarizeWatches();
    if (alive <= CONNECTIONS_UNASKED) void this.listConnections();
  }

  private async listConnections(): Promise<void> {
    // One question at a time: a long list takes its time.
    if (!this.mayAsk) return;
    this.mayAsk = false;
    try {
      const answer = await this.api.askWithLongs('connections');
      const rows = [...connectionsIn(answer.connections, false), ...connectionsIn(answer.secure_connections, true)];
      this.connections.show(rows.slice(0, ROWS_MAX));
    } catch (error) {
      setText(this.summary, messageOf(error));
    } finally {
      this.mayAsk = true;
    }
  }

  private async summarizeWatches(): Promise<void> {
    try {
      const {
        num_total_watches: total,
        num_paths: paths,
        num_connections: watching,
      } = await this.api.ask('watch_summary');
      setText(
        this.watchNote,
        `${count(this.watchCount)} watches. Of these on data and existence: ${count(Number(total))}, on ` +
          `${count(Number(paths))} paths, by ${count(Number(watching))} connections; only these can be listed.`,
      );
    } catch (error) {
      setText(this.watchNote, messageOf(error));
    }
  }

  private async listWatches(): Promise<void> {
    try {
      const { path_to_session_ids: paths } = await this.api.ask('watches_by_path');
      const rows = Object.entries((paths ?? {}) as Readonly<Record<string, readonly unknown[]>>)
        .map(([path, sessions]) => ({ path, sessions: sessions.length }))
        .sort((a, b) => b.sessions - a.sessions);
      this.watched.element.hidden = false;
      this.watched.show(rows.slice(0, ROWS_MAX));
      if (rows.length > ROWS_MAX)
        setText(this.watchNote, `The ${ROWS_MAX} most watched of ${count(rows.length)} paths.`);
    } catch (error) {
      setText(this.watchNote, messageOf(error));
    }
  }
}

function connectionTable(): LiveTable<Connection> {
  const figure =
    (name: string): ((connection: Connection) => number) =>
    ({ fields }) =>
      Number(fields[name] ?? 0);
  const [received, sent, waiting] = [
    figure('packets_received'),
    figure('packets_sent'),
    figure('outstanding_requests'),
  ];
  const [average, most, timeout, since] = [
    figure('avg_latency'),
    figure('max_latency'),
    figure('session_timeout'),
    figure('established'),
  ];
  return new LiveTable<Connection>(
    'Connections',
    [
      { name: 'client', isText: true, text: ({ address, isSecure }) => `${address}${isSecure ? ' (TLS)' : ''}` },
      { name: 'session', isText: true, text: ({ session }) => session },
      {
        name: 'last',
        title: 'The last operation',
        isText: true,
        text: ({ fields }) => String(fields.last_operation ?? ''),
      },
      { name: 'received', text: (c) => count(received(c)), order: received },
      { name: 'sent', text: (c) => count(sent(c)), order: sent },
      { name: 'waiting', title: 'Requests without a reply yet', text: (c) => count(waiting(c)), order: waiting },
      { name: 'latency', title: 'On average', text: (c) => milliseconds(average(c)), order: average },
      { name: 'most', title: 'The longest', text: (c) => milliseconds(most(c)), order: most },
      { name: 'timeout', text: (c) => milliseconds(timeout(c)), order: timeout },
      {
        name: 'for',
        title: 'How long it has been there',
        text: (c) => duration(Date.now() - since(c)),
        order: (c) => -since(c),
      },
    ],
    ({ address }) => address,
  );
}

function connectionsIn(list: unknown, isSecure: boolean): Connection[] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Fields[]).map((fields) => {
    const id = fields.session_id;
    const session = id === undefined ? '' : `0x${BigInt.asUintN(64, BigInt(id as string | number)).toString(16)}`;
    return { address: String(fields.remote_socket_address ?? ''), session, isSecure, fields };
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

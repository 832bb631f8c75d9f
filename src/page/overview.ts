// The first view: what the server is doing now, how it went in the last minutes, and the ensemble it belongs to. In the browser.
// Figures are those of `figures`; members come from `voting_view`, `leader` and `zabstate`, asked for every few seconds.
// Whatever a server does not tell is a dash.

import { element, setText } from './elements.js';
import { bytes, count, duration, milliseconds, percent, rate, UNKNOWN } from './format.js';
import { numberIn, SECONDS_KEPT } from './history.js';
import { LineChart } from './line-chart.js';
import { LiveTable } from './live-table.js';
import type { Fields, ServerApi } from './server-api.js';
import type { Moment, View } from './view.js';

const MEMBERS_EVERY = 5;

interface Member {
  readonly sid: string;
  readonly role: string;
  readonly marks: string;
  readonly address: string;
  readonly client: string;
}

export class Overview implements View {
  readonly name = 'overview';
  readonly title = 'Overview';
  readonly element = element('div', { class: 'view overview' });
  private readonly api: ServerApi;
  private readonly tiles = new Map<string, { value: HTMLElement; note: HTMLElement }>();
  private readonly throughput = new LineChart('Requests per second', SECONDS_KEPT, 10, rate);
  private readonly latency = new LineChart('Latency', SECONDS_KEPT, 1, milliseconds);
  private readonly waiting = new LineChart('Requests waiting for their reply', SECONDS_KEPT, 10, count);
  private readonly load = new LineChart('Load of each thread', SECONDS_KEPT, 1, percent);
  private readonly members: LiveTable<Member>;
  private readonly membersNote = element('p', { class: 'note' });
  private secondsShown = 0;
  /** The newest. */
  private figures: Fields = {};

  constructor(api: ServerApi) {
    this.api = api;
    this.members = new LiveTable<Member>(
      'Members of the ensemble',
      [
        { name: 'id', isText: true, text: ({ sid }) => sid, order: ({ sid }) => Number(sid) },
        { name: 'role', isText: true, text: ({ role }) => role },
        { name: '', title: 'This server, and who leads', isText: true, text: ({ marks }) => marks },
        { name: 'quorum address', isText: true, text: ({ address }) => address },
        { name: 'clients', isText: true, text: ({ client }) => client },
      ],
      ({ sid }) => sid,
    );
    const tiles = element('div', { class: 'tiles' });
    for (const title of ['Requests', 'Reads', 'Writes', 'Connections', 'Waiting', 'Znodes', 'Watches', 'Log']) {
      tiles.append(this.tile(title));
    }
    this.element.append(
      tiles,
      element(
        'div',
        { class: 'charts' },
        this.throughput.element,
        this.latency.element,
        this.waiting.element,
        this.load.element,
      ),
      element('section', { class: 'card' }, element('h3', {}, 'Ensemble'), this.membersNote, this.members.element),
    );
  }

  show(moment: Moment, isVisible: boolean): void {
    this.figures = moment.history.newest?.figures ?? {};
    if (this.secondsShown++ % MEMBERS_EVERY === 0) void this.showMembers();
    if (isVisible) this.draw(moment);
  }

  private draw({ history, pipeline }: Moment): void {
    const requests = history.growth('packets_received');
    const reads = history.growth('cnt_readlatency');
    const writes = history.growth('cnt_updatelatency');
    this.throughput.show([
      { name: 'requests', style: 'line-1', values: requests },
      { name: 'reads', style: 'line-2', values: reads },
      { name: 'writes', style: 'line-3', values: writes },
    ]);
    this.latency.show([
      { name: 'read p50', style: 'line-1', values: history.values('p50_readlatency') },
      { name: 'read p99', style: 'line-2', values: history.values('p99_readlatency') },
      { name: 'write p99', style: 'line-3', values: history.values('p99_updatelatency') },
    ]);
    this.waiting.show([{ name: 'waiting', style: 'line-1', values: history.values('outstanding_requests') }]);
    const threads = pipeline?.threads ?? history.newest?.rates?.threads ?? [];
    this.load.show(
      threads
        .slice(0, 4)
        .map(({ now }, index) => ({ name: now.thread, style: `line-${index + 1}`, values: history.load(now.thread) })),
    );
    this.fillTiles(this.figures, requests.at(-1), reads.at(-1), writes.at(-1));
  }

  private fillTiles(figures: Fields, requests?: number, reads?: number, writes?: number): void {
    const figure = (name: string): number | undefined => numberIn(figures, name);
    const latency = (what: string): string =>
      `p50 ${milliseconds(figure(`p50_${what}`))}, p99 ${milliseconds(figure(`p99_${what}`))}`;
    this.fill('Requests', rate(requests), `${count(figure('packets_received'))} in all`);
    this.fill('Reads', rate(reads), latency('readlatency'));
    this.fill('Writes', rate(writes), latency('updatelatency'));
    this.fill(
      'Connections',
      count(figure('num_alive_connections')),
      `${count(figure('global_sessions'))} sessions, up ${duration(figure('uptime'))}`,
    );
    this.fill(
      'Waiting',
      count(figure('outstanding_requests')),
      `latency ${milliseconds(figure('avg_latency'))} on average`,
    );
    this.fill(
      'Znodes',
      count(figure('znode_count')),
      `${bytes(figure('approximate_data_size'))}, ${count(figure('ephemerals_count'))} ephemeral`,
    );
    this.fill(
      'Watches',
      count(figure('watch_count')),
      `${count(figure('open_file_descriptor_count'))} files and sockets open`,
    );
    const most = milliseconds(figure('max_fsynctime'));
    this.fill('Log', milliseconds(figure('avg_fsynctime')), `a sync on average, ${most} the longest`);
  }

  private tile(title: string): HTMLElement {
    const value = element('b', {}, UNKNOWN);
    const note = element('small');
    this.tiles.set(title, { value, note });
    return element('section', { class: 'tile' }, element('h3', {}, title), value, note);
  }

  private fill(title: string, value: string, note: string): void {
    const tile = this.tiles.get(title);
    if (tile === undefined) return;
    setText(tile.value, value);
    setText(tile.note, note);
  }

  private async showMembers(): Promise<void> {
    const [voting, leader, zab] = await Promise.all(
      ['voting_view', 'leader', 'zabstate'].map((command) => this.api.ask(command).catch((): Fields => ({}))),
    );
    const config = (voting?.current_config ?? {}) as Readonly<Record<string, Fields>>;
    const leaderId = leader?.leader_id === undefined ? '' : String(leader.leader_id);
    const myId = zab?.myid === undefined ? '' : String(zab.myid);
    const members = Object.entries(config).map(([sid, member]) => ({
      sid,
      role: String(member.learner_type ?? UNKNOWN).toLowerCase(),
      marks: [sid === leaderId ? 'leader' : '', sid === myId ? 'this server' : '']
        .filter((mark) => mark !== '')
        .join(', '),
      address: list(member.server_addresses),
      client: String(member.client_address ?? UNKNOWN),
    }));
    this.members.show(members);
    this.members.element.hidden = members.length === 0;
    setText(this.membersNote, members.length === 0 ? this.outsideNote(zab ?? {}) : this.memberNote(zab ?? {}));
  }

  private outsideNote({ zabstate }: Fields): string {
    if (this.figures.server_state === 'standalone') return 'A standalone server: it belongs to no ensemble.';
    const phase = String(zabstate ?? '');
    return `This server serves no clients now${phase === '' ? '' : `; its phase is ${phase}`}.`;
  }

  private memberNote({ zabstate, zab_epoch: epoch, last_zxid: zxid }: Fields): string {
    const synced = numberIn(this.figures, 'synced_followers');
    const followers = synced === undefined ? '' : ` ${count(synced)} followers are in sync.`;
    return `Phase: ${told(zabstate)}. Epoch ${told(epoch)}, last zxid ${told(zxid)}.${followers}`;
  }
}

function told(value: unknown): string {
  return value === undefined || value === '' ? UNKNOWN : String(value);
}

function list(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(', ') : UNKNOWN;
}

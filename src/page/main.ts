// The page's main program: makes the views, asks the server once a second, tells all views, and keeps the address of what is looked at
// behind the #. In the browser. It asks the AdminServer that it came from and nobody else, and changes nothing there.
// A hidden page asks less often; a server that does not answer is said so, and asked again.

import { placeOf } from './address.js';
import { element, setAttributes, setText } from './elements.js';
import { History } from './history.js';
import { Overview } from './overview.js';
import { Pipeline } from './pipeline.js';
import { type PipelineFigures, type PipelineRates, ratesBetween } from './pipeline-figures.js';
import { type Fields, ServerApi } from './server-api.js';
import { figuresBetween, type ServerFigures } from './server-figures.js';
import { Sessions } from './sessions.js';
import { TreeBrowser } from './tree-browser.js';
import type { View } from './view.js';

const EVERY_MS = 1000;
const HIDDEN_EVERY_MS = 5000;

class Page {
  private readonly api: ServerApi;
  private readonly views: readonly View[];
  private readonly tabs = new Map<string, HTMLElement>();
  private readonly history = new History();
  private before: PipelineFigures | null = null;
  private figuresBefore: ServerFigures | null = null;
  private current: View;

  constructor() {
    const commands = document.querySelector<HTMLMetaElement>('meta[name=commands]')?.content ?? './commands';
    this.api = new ServerApi(commands);
    this.views = [new Overview(this.api), new Pipeline(this.api), new Sessions(this.api), new TreeBrowser(this.api)];
    this.current = this.views[0] as View;
    for (const view of this.views) this.addTab(view);
    this.followAddress();
    addEventListener('hashchange', () => this.followAddress());
    document.addEventListener('visibilitychange', () => this.showAll(null));
  }

  /** One question after another, for as long as the page lives. */
  async run(): Promise<never> {
    for (;;) {
      const beganMs = performance.now();
      this.showAll(await this.ask());
      const everyMs = document.hidden ? HIDDEN_EVERY_MS : EVERY_MS;
      await new Promise((resolve) => setTimeout(resolve, Math.max(50, everyMs - (performance.now() - beganMs))));
    }
  }

  private async ask(): Promise<PipelineRates | null> {
    try {
      const [answer, pipeline] = await Promise.all([this.api.ask('figures'), this.api.ask('pipeline')]);
      const isFirst = this.figuresBefore === null;
      this.figuresBefore = figuresBetween(this.figuresBefore, answer);
      const figures = isFirst ? withoutTimes(this.figuresBefore.named) : this.figuresBefore.named;
      const now = pipeline as unknown as PipelineFigures;
      const rates = ratesBetween(this.before, now);
      this.before = now;
      this.history.add({ atMs: performance.now(), figures, rates });
      this.identify(figures);
      this.pulse('live', '');
      return rates;
    } catch (error) {
      this.history.add(null);
      this.before = null;
      this.figuresBefore = null;
      this.pulse('lost', `${error instanceof Error ? error.message : String(error)}; asking again`);
      return null;
    }
  }

  private showAll(pipeline: PipelineRates | null): void {
    for (const view of this.views) view.show({ history: this.history, pipeline }, view === this.current);
  }

  private identify(figures: Fields): void {
    const identity = document.getElementById('identity');
    if (identity === null) return;
    const state = String(figures.server_state ?? '');
    const version = String(figures.version ?? '').split(/[-,]/)[0] ?? '';
    const chip = element('span', { class: 'chip' }, state);
    identity.replaceChildren(
      chip,
      element('span', {}, `${location.host}${version === '' ? '' : `, ZooKeeper ${version}`}`),
    );
    document.title = `${state === '' ? '' : `${state} – `}Threadkeeper`;
  }

  private pulse(state: 'live' | 'lost', text: string): void {
    const pulse = document.getElementById('pulse');
    if (pulse === null) return;
    setAttributes(pulse, { class: `pulse ${state}` });
    setText(pulse, text);
  }

  private addTab(view: View): void {
    const tab = element(
      'button',
      { type: 'button', role: 'tab', id: `tab-${view.name}`, 'aria-controls': `view-${view.name}` },
      view.title,
    );
    tab.addEventListener('click', () => {
      location.hash = view.name;
    });
    tab.addEventListener('keydown', (event) => this.onTabKey(event, view));
    this.tabs.set(view.name, tab);
    setAttributes(view.element, { id: `view-${view.name}`, role: 'tabpanel', 'aria-labelledby': `tab-${view.name}` });
    document.getElementById('tabs')?.append(tab);
    document.getElementById('content')?.append(view.element);
  }

  private onTabKey(event: KeyboardEvent, view: View): void {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    const next = this.views[(this.views.indexOf(view) + step + this.views.length) % this.views.length] as View;
    location.hash = next.name;
    this.tabs.get(next.name)?.focus();
  }

  private followAddress(): void {
    const { name, place } = placeOf(location.hash);
    const view = this.views.find((candidate) => candidate.name === name) ?? (this.views[0] as View);
    this.current = view;
    for (const other of this.views) {
      const isCurrent = other === view;
      other.element.hidden = !isCurrent;
      const tab = this.tabs.get(other.name);
      if (tab !== undefined) setAttributes(tab, { 'aria-selected': String(isCurrent), tabindex: isCurrent ? 0 : -1 });
    }
    if (place !== '') view.open?.(place);
    this.showAll(this.history.newest?.rates ?? null);
  }
}

/** The first answer's are of all time, which a chart of seconds has no place for. */
function withoutTimes(named: Fields): Fields {
  return Object.fromEntries(Object.entries(named).filter(([name]) => !/^(?:avg|p50|p99|max)_/.test(name)));
}

void new Page().run();

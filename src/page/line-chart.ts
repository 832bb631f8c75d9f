// A line chart over the last minutes, drawn by hand as SVG. In the browser; one object per chart. It is given all points each time and
// draws them anew: 300 points of three lines are nothing.
// Whoever points at it sees the values of that second; the legend shows the newest ones.

import { drawn, element, setAttributes, setText } from './elements.js';

export interface Line {
  readonly name: string;
  /** In page.css: line-1 to line-4. */
  readonly style: string;
  readonly values: readonly (number | undefined)[];
}

const [WIDTH, HEIGHT] = [640, 190];
const [LEFT, RIGHT, TOP, BOTTOM] = [58, 8, 10, 22];
const TICKS = 4;
/** As much as there is something to see in, and no more than is remembered. */
const WINDOWS_SECONDS = [60, 120, 300] as const;

export class LineChart {
  readonly element: HTMLElement;
  private readonly format: (value: number | undefined) => string;
  private secondsShown: number;
  private readonly secondsMost: number;
  private readonly least: number;
  private readonly svg: SVGSVGElement;
  private readonly plot = drawn('g');
  private readonly cursor = drawn('line', { class: 'cursor', y1: TOP, y2: HEIGHT - BOTTOM, x1: -9, x2: -9 });
  private readonly legend = element('ul', { class: 'legend' });
  private lines: readonly Line[] = [];
  /** How many points behind the newest the pointer is. */
  private pointedAt: number | null = null;

  /** `least`: the top of the scale is never below it. */
  constructor(title: string, secondsMost: number, least: number, format: (value: number | undefined) => string) {
    this.format = format;
    this.secondsMost = secondsMost;
    this.secondsShown = WINDOWS_SECONDS[0];
    this.least = least;
    const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
    this.svg = drawn(
      'svg',
      { viewBox, role: 'img', 'aria-label': title, preserveAspectRatio: 'none' },
      this.plot,
      this.cursor,
    );
    const heading = element('h3', {}, title);
    this.element = element('section', { class: 'card chart' }, element('header', {}, heading, this.legend), this.svg);
    this.svg.addEventListener('pointermove', (event) => this.point(event));
    this.svg.addEventListener('pointerleave', () => this.point(null));
  }

  show(lines: readonly Line[]): void {
    this.lines = lines;
    const known = lines.flatMap(({ values }) => values.filter((value) => value !== undefined));
    const points = Math.max(0, ...lines.map(({ values }) => values.length)) - 1;
    this.secondsShown = WINDOWS_SECONDS.find((seconds) => seconds >= points) ?? this.secondsMost;
    const top = niceTop(Math.max(this.least, ...known));
    this.plot.replaceChildren(...this.axes(top), ...lines.flatMap((line, index) => this.curve(line, top, index === 0)));
    this.tell();
  }

  private axes(top: number): SVGElement[] {
    const parts: SVGElement[] = [];
    for (let tick = 0; tick <= TICKS; tick++) {
      const y = yOf((top * tick) / TICKS, top);
      parts.push(drawn('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }));
      const label = drawn('text', { class: 'tick', x: LEFT - 8, y: y + 4, 'text-anchor': 'end' });
      label.textContent = this.format((top * tick) / TICKS);
      parts.push(label);
    }
    const isShort = this.secondsShown <= 120;
    const [step, unit, per] = isShort ? [this.secondsShown / 4, 's', 1] : [60, 'min', 60];
    for (let seconds = 0; seconds <= this.secondsShown; seconds += step) {
      const anchor = seconds === 0 ? 'end' : seconds === this.secondsShown ? 'start' : 'middle';
      const label = drawn('text', { class: 'tick', x: this.xOf(seconds), y: HEIGHT - 6, 'text-anchor': anchor });
      label.textContent = seconds === 0 ? 'now' : `-${seconds / per} ${unit}`;
      parts.push(label);
    }
    return parts;
  }

  private curve({ values, style }: Line, top: number, isFilled: boolean): SVGElement[] {
    let path = '';
    let firstX: number | null = null;
    let lastX = 0;
    values.forEach((value, index) => {
      if (value === undefined) return;
      lastX = this.xOf(values.length - 1 - index);
      path += `${path === '' || values[index - 1] === undefined ? 'M' : 'L'}${lastX.toFixed(1)} ${yOf(value, top).toFixed(1)}`;
      firstX ??= lastX;
    });
    if (firstX === null) return [];
    const isWhole = isFilled && !values.slice(values.findIndex((value) => value !== undefined)).includes(undefined);
    const area = `${path}L${lastX} ${yOf(0, top)}L${firstX} ${yOf(0, top)}Z`;
    const line = drawn('path', { class: `curve ${style}`, d: path });
    return isWhole ? [drawn('path', { class: `area ${style}`, d: area }), line] : [line];
  }

  private point(event: PointerEvent | null): void {
    const box = this.svg.getBoundingClientRect();
    if (event === null || box.width === 0) this.pointedAt = null;
    else {
      const x = ((event.clientX - box.left) / box.width) * WIDTH;
      const seconds = Math.round(((WIDTH - RIGHT - x) / (WIDTH - RIGHT - LEFT)) * this.secondsShown);
      this.pointedAt = Math.max(0, Math.min(this.secondsShown, seconds));
    }
    const x = this.pointedAt === null ? -9 : this.xOf(this.pointedAt);
    setAttributes(this.cursor, { x1: x, x2: x });
    this.tell();
  }

  private tell(): void {
    while (this.legend.children.length < this.lines.length) {
      this.legend.append(element('li', {}, element('i'), element('span'), element('b')));
    }
    this.lines.forEach(({ name, style, values }, index) => {
      const [mark, label, value] = (this.legend.children[index] as HTMLElement).children as unknown as HTMLElement[];
      setAttributes(mark as HTMLElement, { class: style });
      setText(label as HTMLElement, name);
      setText(value as HTMLElement, this.format(values[values.length - 1 - (this.pointedAt ?? 0)]));
    });
  }

  private xOf(secondsAgo: number): number {
    return WIDTH - RIGHT - (secondsAgo / this.secondsShown) * (WIDTH - RIGHT - LEFT);
  }
}

function yOf(value: number, top: number): number {
  return HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
}

/** The next of 1, 2, 4, 6, 8, 10 times a power of ten, so that four ticks are round numbers. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 4, 6, 8, 10].find((candidate) => candidate * power >= most) ?? 10;
  return step * power;
}

// The line of the actors as a picture: a box for each, an arrow for each mailbox between two of the line, as wide as there are records
// on it, and a bar where records wait. Actors of one thread have one colour. In the browser, drawn anew every second.
//
//   clients <-> connections.k -> prep -> (quorum-peer) -> sync -> (commit) -> final -> back to connections.k

import { drawn } from './elements.js';
import { count, microseconds, rate } from './format.js';
import type { ActorRates, LinkRates, PipelineRates } from './pipeline-figures.js';

const LINE = ['prep', 'quorum-peer', 'sync', 'commit', 'final'];
const [BOX_WIDTH, BOX_HEIGHT, GAP, ROW] = [172, 92, 62, 108];
const [MARGIN, TOP] = [12, 68];
const COLOURS = 6;

interface Box {
  readonly actor: ActorRates;
  readonly x: number;
  readonly y: number;
}

export class PipelineDrawing {
  readonly element = drawn('svg', {
    role: 'img',
    'aria-label': 'The actors of the pipeline and what waits between them',
  });

  show(rates: PipelineRates): void {
    const boxes = placed(rates);
    const columns = Math.max(...[...boxes.values()].map(({ x }) => x)) + BOX_WIDTH;
    const bottom = Math.max(...[...boxes.values()].map(({ y }) => y)) + BOX_HEIGHT;
    this.element.setAttribute('viewBox', `0 0 ${columns + MARGIN} ${bottom + MARGIN}`);
    const threads = rates.threads.map(({ now }) => now.thread);
    const arrows = rates.links.flatMap((link) => arrow(link, boxes));
    const drawnBoxes = [...boxes.values()].map((box) => boxOf(box, rates, threads));
    this.element.replaceChildren(...arrows, ...drawnBoxes);
  }
}

export function colourOf(thread: string, threads: readonly string[]): string {
  return `thread-${(Math.max(0, threads.indexOf(thread)) % COLOURS) + 1}`;
}

/** Shards below each other in the first column, then the line from left to right. */
function placed({ actors }: PipelineRates): Map<string, Box> {
  const boxes = new Map<string, Box>();
  const shards = actors.filter(({ now }) => now.actor.startsWith('connections.'));
  shards.forEach((actor, row) => {
    boxes.set(actor.now.actor, { actor, x: MARGIN, y: TOP + row * ROW });
  });
  const line = LINE.flatMap((name) => actors.filter(({ now }) => now.actor === name));
  line.forEach((actor, index) => {
    boxes.set(actor.now.actor, { actor, x: MARGIN + (index + 1) * (BOX_WIDTH + GAP), y: TOP });
  });
  return boxes;
}

function boxOf({ actor, x, y }: Box, rates: PipelineRates, threads: readonly string[]): SVGElement {
  const { now, recordsPerSecond, batchMean, recordUs, busy } = actor;
  const thread = rates.threads.find(({ now: { thread: name } }) => name === now.thread);
  const label = (text: string, style: string, line: number, anchor = 'start'): SVGElement => {
    const part = drawn('text', {
      class: style,
      x: anchor === 'start' ? x + 14 : x + BOX_WIDTH - 12,
      y: y + line,
      'text-anchor': anchor,
    });
    part.textContent = text;
    return part;
  };
  const colour = colourOf(now.thread, threads);
  const full = `${now.actor} on thread ${now.thread}: ${rate(recordsPerSecond)}, busy ${Math.round(busy * 100)} %`;
  const title = drawn('title');
  title.textContent = full;
  const width = (BOX_WIDTH - 28) * Math.min(1, busy);
  return drawn(
    'g',
    { class: `actor ${colour}` },
    title,
    drawn('rect', { class: 'box', x, y, width: BOX_WIDTH, height: BOX_HEIGHT, rx: 10 }),
    drawn('rect', { class: 'stripe', x, y: y + 10, width: 4, height: BOX_HEIGHT - 20, rx: 2 }),
    label(now.actor, 'name', 22),
    label(now.thread, 'thread', 22, 'end'),
    label(rate(recordsPerSecond), 'rate', 45),
    label(`${count(Math.round(batchMean * 10) / 10)} a batch`, 'small', 62),
    label(recordUs === 0 ? '' : microseconds(recordUs), 'small', 62, 'end'),
    drawn('rect', { class: 'busy-track', x: x + 14, y: y + 72, width: BOX_WIDTH - 28, height: 6, rx: 3 }),
    drawn('rect', {
      class: (thread?.load ?? 0) > 0.9 ? 'busy hot' : 'busy',
      x: x + 14,
      y: y + 72,
      width,
      height: 6,
      rx: 3,
    }),
  );
}

function arrow(link: LinkRates, boxes: ReadonlyMap<string, Box>): SVGElement[] {
  const [from, to] = [boxes.get(link.now.from), boxes.get(link.now.to)];
  if (from === undefined || to === undefined || from === to) return [];
  const isForward = to.x > from.x;
  const isNext = isForward && to.x - from.x <= BOX_WIDTH + GAP + 1;
  // Back to the connections is where replies go; what else runs backwards or jumps is housekeeping of the line.
  if (!isNext && !(link.now.from === 'final' && link.now.to.startsWith('connections.'))) return [];
  const width = 1.5 + Math.min(6, Math.log10(1 + link.recordsPerSecond));
  const state = link.fill > 0.5 ? 'full' : link.recordsPerSecond > 0 ? 'moving' : 'still';
  const [x1, y1] = isNext ? [from.x + BOX_WIDTH, from.y + BOX_HEIGHT / 2] : [from.x + BOX_WIDTH / 2, from.y];
  const [x2, y2] = isNext ? [to.x, to.y + BOX_HEIGHT / 2] : [to.x + BOX_WIDTH / 2, to.y];
  const bend = isNext
    ? `C${x1 + GAP / 2} ${y1} ${x2 - GAP / 2} ${y2} ${x2 - 7} ${y2}`
    : `C${x1} ${TOP - 64} ${x2} ${TOP - 64} ${x2} ${y2 - 7}`;
  const head = isNext
    ? `M${x2 - 8} ${y2 - 5}L${x2} ${y2}L${x2 - 8} ${y2 + 5}Z`
    : `M${x2 - 5} ${y2 - 8}L${x2} ${y2}L${x2 + 5} ${y2 - 8}Z`;
  const title = drawn('title');
  title.textContent = `${link.now.from} to ${link.now.to}: ${rate(link.recordsPerSecond)}, ${count(link.now.depth_bytes)} bytes wait`;
  const [labelX, labelY] = isNext ? [(x1 + x2) / 2, Math.min(y1, y2) - 12] : [(x1 + x2) / 2, TOP - 53];
  const label = drawn('text', { class: 'flow', x: labelX, y: labelY, 'text-anchor': 'middle' });
  label.textContent = link.recordsPerSecond > 0 ? rate(link.recordsPerSecond) : '';
  const queue = isNext ? queueOf(link, labelX, (y1 + y2) / 2 + 12) : [];
  const group = drawn(
    'g',
    { class: `link ${state}` },
    title,
    drawn('path', { class: 'wire', d: `M${x1} ${y1}${bend}`, 'stroke-width': width }),
  );
  group.append(drawn('path', { class: 'head', d: head }), label, ...queue);
  return [group];
}

/** What waits, as a part of the room there is. */
function queueOf(link: LinkRates, x: number, y: number): SVGElement[] {
  const width = 36;
  const filled = link.now.depth_bytes === 0 ? 0 : Math.max(2, width * Math.min(1, link.fill));
  return [
    drawn('rect', { class: 'queue-track', x: x - width / 2, y, width, height: 6, rx: 3 }),
    drawn('rect', { class: 'queue', x: x - width / 2, y, width: filled, height: 6, rx: 3 }),
  ];
}

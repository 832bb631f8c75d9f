// A table whose rows are looked at again every second: cells change in place, so that scrolling, selection and focus stay. In the
// browser; one object per table. A click on a heading, or Enter, sorts by that column.
// All texts are the caller's, and are text.

import { element, setAttributes, setText } from './elements.js';

export interface Column<T> {
  readonly name: string;
  /** What it means, for whoever points at it. */
  readonly title?: string;
  readonly isText?: boolean;
  /** It may take several lines. */
  readonly wraps?: boolean;
  readonly text: (row: T) => string;
  /** By which rows are sorted; default: the text. */
  readonly order?: (row: T) => number | string;
  /** A number from 0 to 1 behind the text. */
  readonly bar?: (row: T) => number;
  readonly alarms?: (row: T) => boolean;
}

export class LiveTable<T> {
  readonly element: HTMLElement;
  private readonly columns: readonly Column<T>[];
  private readonly keyOf: (row: T) => string;
  private readonly body = element('tbody');
  private readonly headings: HTMLElement[] = [];
  private readonly lines = new Map<string, { line: HTMLTableRowElement; cells: HTMLElement[] }>();
  private rows: readonly T[] = [];
  /** Null: as they come. */
  private sorted: { readonly column: number; readonly isDown: boolean } | null = null;

  constructor(label: string, columns: readonly Column<T>[], keyOf: (row: T) => string) {
    this.columns = columns;
    this.keyOf = keyOf;
    const head = element('tr');
    columns.forEach(({ name, title, isText }, index) => {
      const button = element('button', { type: 'button', class: 'sort', title: title ?? name }, name);
      button.addEventListener('click', () => this.sortBy(index));
      const heading = element('th', { scope: 'col', class: isText === true ? 'text' : 'number' }, button);
      this.headings.push(heading);
      head.append(heading);
    });
    const table = element('table', { 'aria-label': label }, element('thead', {}, head), this.body);
    this.element = element('div', { class: 'table', tabindex: 0, role: 'region', 'aria-label': label }, table);
  }

  show(rows: readonly T[]): void {
    this.rows = rows;
    const kept = new Set<string>();
    let place = 0;
    for (const row of this.inOrder(rows)) {
      const key = this.keyOf(row);
      kept.add(key);
      const { line, cells } = this.lines.get(key) ?? this.newLine(key);
      for (const [index, column] of this.columns.entries()) fill(cells[index] as HTMLElement, column, row);
      if (this.body.children[place] !== line) this.body.insertBefore(line, this.body.children[place] ?? null);
      place++;
    }
    for (const [key, { line }] of this.lines) {
      if (kept.has(key)) continue;
      line.remove();
      this.lines.delete(key);
    }
  }

  private newLine(key: string): { line: HTMLTableRowElement; cells: HTMLElement[] } {
    const cells = this.columns.map(({ isText, wraps }) =>
      element('td', { class: `${isText === true ? 'text' : 'number'}${wraps === true ? ' wrap' : ''}` }),
    );
    const made = { line: element('tr', {}, ...cells), cells };
    this.lines.set(key, made);
    return made;
  }

  private inOrder(rows: readonly T[]): readonly T[] {
    if (this.sorted === null) return rows;
    const { column, isDown } = this.sorted;
    const { order, text } = this.columns[column] as Column<T>;
    const by = order ?? text;
    return [...rows].sort((a, b) => (isDown ? compare(by(b), by(a)) : compare(by(a), by(b))));
  }

  private sortBy(column: number): void {
    const was = this.sorted?.column === column ? this.sorted : null;
    const first = this.columns[column]?.isText !== true;
    this.sorted = was === null ? { column, isDown: first } : was.isDown === first ? { column, isDown: !first } : null;
    this.headings.forEach((heading, index) => {
      const isSorted = this.sorted?.column === index;
      setAttributes(heading, {
        'aria-sort': isSorted ? (this.sorted?.isDown ? 'descending' : 'ascending') : undefined,
      });
    });
    this.show(this.rows);
  }
}

function fill<T>(cell: HTMLElement, column: Column<T>, row: T): void {
  setText(cell, column.text(row));
  cell.classList.toggle('alarm', column.alarms?.(row) ?? false);
  if (column.bar === undefined) return;
  cell.classList.add('bar-cell');
  cell.style.setProperty('--fill', String(Math.max(0, Math.min(1, column.bar(row)))));
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

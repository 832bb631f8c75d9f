// One node, to be read: its path, data as text or as bytes, Stat and ACL. In the browser. The data may be anything: it is shown as text in
// an element that knows no markup, or as the bytes it is made of.
// Nothing of it can be changed here.

import { element, setAttributes } from './elements.js';
import { bytes, count, duration, instant } from './format.js';
import type { Fields } from './server-api.js';

const HEX_BYTES_MAX = 4096;
const ROW_BYTES = 16;

export class NodeDetails {
  readonly element = element('section', {
    class: 'card details',
    'aria-label': 'The chosen node',
    'aria-live': 'polite',
  });
  private asHex: boolean | null = null;
  private readonly onRefresh: () => void;

  constructor(onRefresh: () => void) {
    this.onRefresh = onRefresh;
    this.say('Choose a node to see its data, Stat and ACL.');
  }

  say(text: string): void {
    this.element.replaceChildren(element('p', { class: 'note' }, text));
  }

  /** The answer of get_node; `refusal` is why it is not a whole one. */
  show(fields: Fields, refusal: string | null): void {
    const stat = (fields.stat ?? {}) as Fields;
    const refresh = element('button', { type: 'button', class: 'quiet' }, 'Read again');
    refresh.addEventListener('click', this.onRefresh);
    const path = element('h3', { class: 'path' }, String(fields.path ?? ''));
    const parts: Node[] = [element('header', {}, path, refresh)];
    if (refusal !== null) parts.push(element('p', { class: 'refusal', role: 'alert' }, refusal));
    else parts.push(this.data(fields, stat));
    parts.push(element('h4', {}, 'Stat'), statTable(stat));
    const acl = fields.acl as readonly Fields[] | null | undefined;
    parts.push(
      element('h4', {}, 'ACL'),
      acl == null ? element('p', { class: 'note' }, 'Not shown to you.') : aclTable(acl),
    );
    this.element.replaceChildren(...parts);
  }

  private data(fields: Fields, stat: Fields): HTMLElement {
    const box = element('div', { class: 'data' });
    if (typeof fields.data !== 'string') {
      box.append(element('p', { class: 'note' }, 'No data (null).'));
      return box;
    }
    const raw = Uint8Array.from(atob(fields.data), (character) => character.charCodeAt(0));
    const length = Number(stat.data_length ?? raw.length);
    const text = textOf(raw);
    const content = element('pre', { tabindex: 0, 'aria-label': 'Data' });
    const [textButton, hexButton] = ['Text', 'Bytes'].map((name) => element('button', { type: 'button' }, name));
    const choose = (isHex: boolean): void => {
      content.textContent = isHex ? hexOf(raw) : (text ?? '');
      setAttributes(textButton as HTMLElement, { 'aria-pressed': String(!isHex), disabled: text === null });
      setAttributes(hexButton as HTMLElement, { 'aria-pressed': String(isHex) });
    };
    const remember = (isHex: boolean) => (): void => {
      this.asHex = isHex;
      choose(isHex);
    };
    textButton?.addEventListener('click', remember(false));
    hexButton?.addEventListener('click', remember(true));
    choose(text === null || (this.asHex ?? false));
    const shown = raw.length < length ? `, the first ${bytes(raw.length)} of them shown` : '';
    const note = element('span', { class: 'note' }, `${count(length)} bytes${shown}`);
    const buttons = element(
      'div',
      { class: 'switch', role: 'group', 'aria-label': 'How data is shown' },
      ...([textButton, hexButton] as HTMLElement[]),
    );
    box.append(
      element('header', {}, element('h4', {}, 'Data'), note, buttons),
      raw.length === 0 ? element('p', { class: 'note' }, 'Empty.') : content,
    );
    return box;
  }
}

/** Null: it is no text. A character that was cut in two at the end is none the less. */
function textOf(raw: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw, { stream: true });
    return [...text].some(isControl) ? null : text;
  } catch {
    return null;
  }
}

/** Beside those that text has: tab and the ends of lines. */
function isControl(character: string): boolean {
  const code = character.charCodeAt(0);
  return code < 0x20 && (code < 0x09 || code > 0x0d);
}

function hexOf(raw: Uint8Array): string {
  const rows: string[] = [];
  const end = Math.min(raw.length, HEX_BYTES_MAX);
  for (let at = 0; at < end; at += ROW_BYTES) {
    const row = [...raw.subarray(at, Math.min(at + ROW_BYTES, end))];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const characters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(ROW_BYTES * 3 - 1)}  ${characters}`);
  }
  if (raw.length > end) rows.push(`... ${raw.length - end} more`);
  return rows.join('\n');
}

function statTable(stat: Fields): HTMLElement {
  const zxid = (name: string): string => `0x${String(stat[name] ?? '')}`;
  const ttlMs = stat.ttl_ms;
  const owner = String(stat.ephemeral_owner ?? '0');
  const rows: readonly (readonly [string, string])[] = [
    ['kind', `${String(stat.kind ?? '')}${typeof ttlMs === 'number' ? `, lives ${duration(ttlMs)} unused` : ''}`],
    ['created', `${instant(Number(stat.ctime))}, zxid ${zxid('czxid')}`],
    ['changed', `${instant(Number(stat.mtime))}, zxid ${zxid('mzxid')}`],
    ['children changed', `zxid ${zxid('pzxid')}`],
    ['versions', `data ${String(stat.version)}, children ${String(stat.cversion)}, ACL ${String(stat.aversion)}`],
    ['owner', owner === '0' ? 'none' : `session 0x${owner}`],
    ['children', count(Number(stat.child_count))],
  ];
  return element(
    'dl',
    { class: 'stat' },
    ...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]),
  );
}

function aclTable(acl: readonly Fields[]): HTMLElement {
  const rows = acl.map(({ scheme, id, perms }) =>
    element(
      'li',
      {},
      element('b', {}, String(scheme)),
      element('span', { class: 'path' }, String(id)),
      element('span', { class: 'perms', title: 'create, delete, read, write, admin' }, String(perms)),
    ),
  );
  return element('ul', { class: 'acl' }, ...rows);
}

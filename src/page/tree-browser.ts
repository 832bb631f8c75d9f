// The fourth view: the tree of nodes, read only. In the browser. Children are fetched when a node is opened, by the page; the server shows
// what the ACLs allow whoever asks, who may log in as a digest user. Names of nodes are anybody's text and stay text.
//
// Keys, as in any tree: up, down, right (open), left (close, or to the parent), Home, End, Enter.

import { element, setAttributes, setText } from './elements.js';
import { count } from './format.js';
import { NodeDetails } from './node-details.js';
import { type Fields, type ServerApi, ServerError } from './server-api.js';
import type { View } from './view.js';

const PAGE = 200;

interface Child {
  readonly name: string;
  readonly kind: string;
  readonly child_count: number;
}

interface Item {
  readonly path: string;
  readonly element: HTMLLIElement;
  readonly label: HTMLElement;
  readonly children: HTMLUListElement;
  isOpen: boolean;
  hasMany: boolean;
}

export class TreeBrowser implements View {
  readonly name = 'tree';
  readonly title = 'Tree';
  readonly element = element('div', { class: 'view tree-view' });
  private readonly api: ServerApi;
  private readonly tree = element('ul', { class: 'tree', role: 'tree', 'aria-label': 'Nodes' });
  private readonly details: NodeDetails;
  private readonly items = new Map<Element, Item>();
  private readonly byPath = new Map<string, Item>();
  private readonly goto = element('input', {
    type: 'text',
    id: 'goto',
    autocomplete: 'off',
    value: '/',
    'aria-label': 'Path of a node',
  });
  private chosen: string | null = null;
  private wasShown = false;

  constructor(api: ServerApi) {
    this.api = api;
    this.details = new NodeDetails(() => this.chosen !== null && void this.choose(this.chosen));
    const go = element('form', { class: 'goto' }, this.goto, element('button', { type: 'submit' }, 'Go'));
    go.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.reveal(this.goto.value.trim());
    });
    this.tree.addEventListener('click', (event) => this.onClick(event));
    this.tree.addEventListener('keydown', (event) => this.onKey(event));
    const left = element('section', { class: 'card nodes' }, go, this.tree, this.login());
    this.element.append(left, this.details.element);
  }

  show(_moment: unknown, isVisible: boolean): void {
    if (!isVisible || this.wasShown) return;
    this.wasShown = true;
    void this.begin();
  }

  open(place: string): void {
    this.wasShown = true;
    void this.begin().then(() => this.reveal(place === '' ? '/' : place));
  }

  // ---- the tree

  private async begin(): Promise<void> {
    this.items.clear();
    this.byPath.clear();
    const root = this.newItem('/', '/', 'persistent', 1);
    this.tree.replaceChildren(root.element);
    setAttributes(root.element, { tabindex: 0 });
    await this.expand(root);
    await this.choose(this.chosen ?? '/');
  }

  private newItem(path: string, name: string, kind: string, childCount: number): Item {
    const label = element(
      'span',
      { class: `node ${kind}` },
      element('i', { class: 'twist', 'aria-hidden': 'true' }),
      element('span', { class: 'label' }, name),
    );
    if (childCount > 0 && path !== '/') label.append(element('small', {}, count(childCount)));
    const children = element('ul', { role: 'group' });
    const hasMany = childCount > 0;
    const item: Item = {
      path,
      label,
      children,
      isOpen: false,
      hasMany,
      element: element('li', { role: 'treeitem', tabindex: -1 }, label),
    };
    setAttributes(item.element, {
      'aria-expanded': hasMany ? 'false' : undefined,
      'aria-selected': 'false',
      'aria-label': name,
    });
    this.items.set(item.element, item);
    this.byPath.set(path, item);
    return item;
  }

  private async expand(item: Item): Promise<void> {
    if (item.isOpen || !item.hasMany) return;
    item.isOpen = true;
    setAttributes(item.element, { 'aria-expanded': 'true' });
    item.children.replaceChildren();
    item.element.append(item.children);
    await this.fetchChildren(item, 0);
  }

  private collapse(item: Item): void {
    item.isOpen = false;
    setAttributes(item.element, { 'aria-expanded': 'false' });
    for (const child of item.children.querySelectorAll('[role=treeitem]')) {
      const gone = this.items.get(child);
      if (gone !== undefined) this.byPath.delete(gone.path);
      this.items.delete(child);
    }
    item.children.remove();
  }

  private async fetchChildren(item: Item, first: number): Promise<void> {
    try {
      const answer = await this.api.askForNodes('get_children', {
        path: item.path,
        first: String(first),
        count: String(PAGE),
      });
      const children = [...(answer.children as readonly Child[])].sort((a, b) => (a.name < b.name ? -1 : 1));
      for (const { name, kind, child_count } of children) {
        const path = item.path === '/' ? `/${name}` : `${item.path}/${name}`;
        item.children.append(this.newItem(path, name, kind, child_count).element);
      }
      const seen = first + children.length;
      const total = Number(answer.child_count);
      if (seen < total && children.length > 0) item.children.append(this.moreButton(item, seen, total));
    } catch (error) {
      item.children.append(element('li', { class: 'refusal', role: 'none' }, messageOf(error)));
    }
  }

  private moreButton(item: Item, seen: number, total: number): HTMLElement {
    const button = element('button', { type: 'button', class: 'quiet' }, `${count(total - seen)} more`);
    const line = element('li', { role: 'none' }, button);
    button.addEventListener('click', (event) => {
      event.stopPropagation();
      line.remove();
      void this.fetchChildren(item, seen);
    });
    return line;
  }

  /** Opens all that lead to it. */
  private async reveal(path: string): Promise<void> {
    const parts = path.split('/').filter((part) => part !== '');
    let at = '';
    for (const part of ['', ...parts.slice(0, -1)]) {
      at = part === '' ? '/' : at === '/' ? `/${part}` : `${at}/${part}`;
      const item = this.byPath.get(at);
      if (item !== undefined) await this.expand(item);
    }
    await this.choose(path === '' ? '/' : path);
    this.byPath.get(path)?.label.scrollIntoView({ block: 'nearest' });
  }

  private async choose(path: string): Promise<void> {
    this.chosen = path;
    this.goto.value = path;
    for (const item of this.items.values()) {
      const isChosen = item.path === path;
      setAttributes(item.element, { 'aria-selected': String(isChosen), tabindex: isChosen ? 0 : -1 });
    }
    if (!this.byPath.has(path)) setAttributes(this.tree.firstElementChild as Element, { tabindex: 0 });
    history.replaceState(null, '', `#tree${encodeURI(path)}`);
    try {
      const fields = await this.api.askForNodes('get_node', { path });
      if (this.chosen === path) this.details.show(fields, null);
    } catch (error) {
      if (this.chosen !== path) return;
      const fields: Fields = error instanceof ServerError ? error.fields : {};
      if (fields.stat === undefined) this.details.say(messageOf(error));
      else this.details.show(fields, `${messageOf(error)}: its data is for others.`);
    }
  }

  // ---- pointer and keys

  private onClick(event: Event): void {
    const target = (event.target as Element).closest('[role=treeitem]');
    const item = target === null ? undefined : this.items.get(target);
    if (item === undefined) return;
    if ((event.target as Element).classList.contains('twist') && item.isOpen) this.collapse(item);
    else void this.expand(item);
    item.element.focus();
    void this.choose(item.path);
  }

  private onKey(event: KeyboardEvent): void {
    const item = this.items.get(event.target as Element);
    if (item === undefined) return;
    const visible = [...this.tree.querySelectorAll<HTMLElement>('[role=treeitem]')];
    const index = visible.indexOf(item.element);
    const goTo = (target: Element | null | undefined): void => {
      if (target instanceof HTMLElement) target.focus();
    };
    switch (event.key) {
      case 'ArrowDown':
        goTo(visible[index + 1]);
        break;
      case 'ArrowUp':
        goTo(visible[index - 1]);
        break;
      case 'Home':
        goTo(visible[0]);
        break;
      case 'End':
        goTo(visible.at(-1));
        break;
      case 'ArrowRight':
        if (item.isOpen) goTo(item.children.querySelector('[role=treeitem]'));
        else void this.expand(item);
        break;
      case 'ArrowLeft':
        if (item.isOpen) this.collapse(item);
        else goTo(item.element.parentElement?.closest('[role=treeitem]'));
        break;
      case 'Enter':
      case ' ':
        void this.choose(item.path);
        break;
      default:
        return;
    }
    event.preventDefault();
  }

  // ---- who is asking

  private login(): HTMLElement {
    const user = element('input', {
      type: 'text',
      id: 'user',
      autocomplete: 'off',
      'aria-label': 'User',
      placeholder: 'user',
    });
    const password = element('input', {
      type: 'password',
      id: 'password',
      autocomplete: 'off',
      'aria-label': 'Password',
      placeholder: 'password',
    });
    const submit = element('button', { type: 'submit' }, 'Log in');
    const state = element('p', { class: 'note' }, 'You see what the ACLs show to anybody.');
    const form = element('form', { class: 'login', 'aria-label': 'Look as a digest user' }, user, password, submit);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      const isLogin = !this.api.hasCredentials && user.value !== '';
      this.api.credentials = isLogin ? `${user.value}:${password.value}` : null;
      setText(
        state,
        isLogin ? `You see what the ACLs show to ${user.value}.` : 'You see what the ACLs show to anybody.',
      );
      setText(submit, isLogin ? 'Log out' : 'Log in');
      user.hidden = isLogin;
      password.hidden = isLogin;
      password.value = '';
      void this.begin();
    });
    const summary = element('summary', {}, 'Look as another user');
    return element('details', {}, summary, form, state);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// Makes elements. Whatever text comes from the server (names of nodes, their data, addresses) becomes a text node or an attribute
// that means nothing to the browser, never markup: there is no other way to put something on the page.
// In the browser, for all views.

const SVG = 'http://www.w3.org/2000/svg';

export type Child = Node | string | null;
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** Attributes that make the browser run or fetch something are not set by this. */
const NAME =
  /^(?:class|id|role|tabindex|title|type|for|value|placeholder|autocomplete|hidden|disabled|scope|colspan|aria-[a-z]+|data-[a-z-]+|d|x|y|x1|x2|y1|y2|cx|cy|r|rx|width|height|viewBox|points|transform|text-anchor|dominant-baseline|preserveAspectRatio|stroke-width|max|low)$/;

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

export function drawn<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

export function setAttributes(target: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (!NAME.test(name)) throw new Error(`no attribute of this page: ${name}`);
    if (value === undefined || value === false) target.removeAttribute(name);
    else if (target.getAttribute(name) !== String(value))
      target.setAttribute(name, value === true ? '' : String(value));
  }
}

/** Only if it is another one: the reader's selection stays. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

function filled<E extends Element>(target: E, attributes: Attributes, children: readonly Child[]): E {
  setAttributes(target, attributes);
  for (const child of children) if (child !== null) target.append(child);
  return target;
}

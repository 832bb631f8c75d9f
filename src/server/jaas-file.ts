/**
 * Reads a JAAS login configuration as Java does: sections of login modules with options. Pure; used once, by the main thread,
 * while the server starts. Option values are passwords: they stand in no message.
 *
 *   file     = *( name "{" *module "}" ";" )
 *   module   = class ( "required" / "requisite" / "sufficient" / "optional" ) *( key "=" value ) ";"
 *
 * Words stand bare or in quotes; in quotes a backslash takes the next character as it is, or is one of Java's escapes. Comments
 * are those of Java. ${name} in a value is a property.
 */

export interface JaasModule {
  readonly className: string;
  readonly options: ReadonlyMap<string, string>;
}

/** By name; of each section the modules in their order. */
export type JaasSections = ReadonlyMap<string, readonly JaasModule[]>;

/** Not a login configuration; the message names the line. */
export class JaasSyntaxError extends Error {
  override readonly name = 'JaasSyntaxError';
}

const CONTROL_FLAGS: ReadonlySet<string> = new Set(['REQUIRED', 'REQUISITE', 'SUFFICIENT', 'OPTIONAL']);
const PUNCTUATION = '{};=';
const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['a', '\u0007'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['v', '\v'],
]);

export function parseJaasFile(text: string, properties: ReadonlyMap<string, string>): JaasSections {
  const reader = new JaasReader(text);
  const sections = new Map<string, readonly JaasModule[]>();
  while (!reader.atEnd) {
    const name = reader.word('the name of a section');
    if (sections.has(name)) throw reader.error(`section ${name} stands there twice`);
    reader.expect('{');
    const modules: JaasModule[] = [];
    while (!reader.accept('}')) modules.push(readModule(reader, properties));
    reader.expect(';');
    sections.set(name, modules);
  }
  return sections;
}

function readModule(reader: JaasReader, properties: ReadonlyMap<string, string>): JaasModule {
  const className = reader.word('a login module');
  const flag = reader.word('a control flag');
  if (!CONTROL_FLAGS.has(flag.toUpperCase())) throw reader.error(`${flag} is no control flag`);
  const options = new Map<string, string>();
  while (!reader.accept(';')) {
    const key = reader.word('an option or ;');
    reader.expect('=');
    const value = reader.word(`the value of ${key}`);
    options.set(
      key,
      expand(value, properties, (name) => reader.error(`there is no property ${name} for ${key}`)),
    );
  }
  return { className, options };
}

/** ${${...}} and whatever else is not the plain form stays as it is. */
function expand(value: string, properties: ReadonlyMap<string, string>, unknown: (name: string) => Error): string {
  return value.replace(/\$\{([^{}$]+)\}/g, (_whole, name: string) => {
    const property = name === '/' ? '/' : properties.get(name);
    if (property === undefined) throw unknown(name);
    return property;
  });
}

interface Token {
  readonly text: string;
  readonly isWord: boolean;
}

class JaasReader {
  private readonly text: string;
  private at = 0;
  private line = 1;
  private next: Token | null;

  constructor(text: string) {
    this.text = text;
    this.next = this.read();
  }

  get atEnd(): boolean {
    return this.next === null;
  }

  word(what: string): string {
    const token = this.next;
    if (token === null || !token.isWord) throw this.error(`${what} is missing`);
    this.next = this.read();
    return token.text;
  }

  accept(mark: string): boolean {
    if (this.next === null || this.next.isWord || this.next.text !== mark) return false;
    this.next = this.read();
    return true;
  }

  expect(mark: string): void {
    if (!this.accept(mark)) throw this.error(`${mark} is missing`);
  }

  error(what: string): JaasSyntaxError {
    return new JaasSyntaxError(`line ${this.line}: ${what}`);
  }

  private read(): Token | null {
    this.skipBlanksAndComments();
    const c = this.text[this.at];
    if (c === undefined) return null;
    if (PUNCTUATION.includes(c)) {
      this.at++;
      return { text: c, isWord: false };
    }
    if (c === '"' || c === "'") return { text: this.readQuoted(c), isWord: true };
    const begin = this.at;
    while (this.at < this.text.length && !/[\s"'/{};=]/.test(this.text[this.at] as string)) this.at++;
    return { text: this.text.slice(begin, this.at), isWord: true };
  }

  private readQuoted(quote: string): string {
    let value = '';
    for (this.at++; this.text[this.at] !== quote; this.at++) {
      const c = this.text[this.at];
      if (c === undefined || c === '\n') throw this.error('a quote is not closed');
      value += c === '\\' ? this.readEscape() : c;
    }
    this.at++;
    return value;
  }

  /** Leaves the position at the last character of the escape. */
  private readEscape(): string {
    const octal = /^([0-3][0-7]{0,2}|[4-7][0-7]?)/.exec(this.text.slice(this.at + 1, this.at + 4));
    if (octal !== null) {
      this.at += octal[0].length;
      return String.fromCharCode(Number.parseInt(octal[0], 8));
    }
    this.at++;
    const c = this.text[this.at];
    if (c === undefined || c === '\n') throw this.error('a quote is not closed');
    return ESCAPES.get(c) ?? c;
  }

  private skipBlanksAndComments(): void {
    for (;;) {
      const c = this.text[this.at];
      if (c === '\n') this.line++;
      if (c === '/') this.skipComment();
      else if (c !== undefined && /\s/.test(c)) this.at++;
      else return;
    }
  }

  /** A single slash, too, begins a comment up to the end of the line: so it is with Java's tokenizer. */
  private skipComment(): void {
    if (this.text[this.at + 1] !== '*') {
      while (this.at < this.text.length && this.text[this.at] !== '\n') this.at++;
      return;
    }
    const end = this.text.indexOf('*/', this.at + 2);
    const past = end < 0 ? this.text.length : end + 2;
    this.line += this.text.slice(this.at, past).split('\n').length - 1;
    this.at = past;
  }
}

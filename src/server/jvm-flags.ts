// Options in the form Java takes them, from the command line and from SERVER_JVMFLAGS and JVMFLAGS: -Dname=value is a
// property, everything else that a JVM would understand is let pass without effect. Pure functions, used by the
// server's main thread and by zkServer. Nothing is expanded: a flags string is split like a shell does it, but $X, *
// and ` are plain characters.

export interface JvmFlags {
  /** In the order they were given; of a name given twice the last one counts. */
  readonly properties: ReadonlyMap<string, string>;
  /** Options without a meaning here, such as -XX:+UseG1GC. */
  readonly ignored: readonly string[];
  /** What is not an option: the program's own arguments. */
  readonly rest: readonly string[];
  /** The last -Xmx, in MB. */
  readonly heapMb: number | null;
}

/** Options that swallow the word behind them. */
const OPTIONS_WITH_A_WORD: ReadonlySet<string> = new Set(['-cp', '-classpath', '--class-path', '-jar']);

export function parseJvmFlags(words: readonly string[]): JvmFlags {
  const properties = new Map<string, string>();
  const ignored: string[] = [];
  const rest: string[] = [];
  let heapMb: number | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word.startsWith('-D') && word.length > 2) {
      const equals = word.indexOf('=');
      const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
      properties.set(name, equals < 0 ? '' : word.slice(equals + 1));
    } else if (word.startsWith('-Xmx')) {
      heapMb = parseHeapMb(word.slice(4)) ?? heapMb;
    } else if (OPTIONS_WITH_A_WORD.has(word)) {
      ignored.push(word);
      i++;
    } else if (word.startsWith('-')) {
      ignored.push(word);
    } else {
      rest.push(word);
    }
  }
  return { properties, ignored, rest, heapMb };
}

/** Splits at blanks; '…' and "…" group, \ takes the next character as it is (within "…" only before \ and "). */
export function splitShellWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  let quote = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    const next = text[i + 1];
    if (quote !== '') {
      if (char === quote) quote = '';
      else if (char === '\\' && quote === '"' && (next === '"' || next === '\\')) word += text[++i];
      else word += char;
    } else if (char === "'" || char === '"') {
      quote = char;
      inWord = true;
    } else if (char === '\\' && next !== undefined) {
      word += text[++i];
      inWord = true;
    } else if (/\s/.test(char)) {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
    } else {
      word += char;
      inWord = true;
    }
  }
  if (inWord) words.push(word);
  return words;
}

function parseHeapMb(text: string): number | null {
  const match = /^(\d+)([kKmMgGtT]?)$/.exec(text);
  if (match === null) return null;
  const unitBytes = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 }[match[2].toLowerCase()] ?? 1;
  return Math.max(1, Math.floor((Number(match[1]) * unitBytes) / 2 ** 20));
}

// Options of the offline tools as commons-cli (which Apache's tools use) takes them: -r, -rv, --recover, -recover, --rec,
// -z 5, -z5, --zxid=5, and arguments between and behind them. Pure. Complaints have commons-cli's words, because scripts
// show them to people who search for them.

export interface OptionSpec {
  /** One letter, or '' for an option that has a long name only. */
  readonly short: string;
  readonly long: string;
  readonly hasValue: boolean;
  readonly isRequired?: boolean;
}

export interface CommandLine {
  /** By long name; the value of an option without one is ''. */
  readonly options: ReadonlyMap<string, string>;
  readonly args: readonly string[];
}

export class CommandLineError extends Error {
  override readonly name = 'CommandLineError';
}

export function parseCommandLine(words: readonly string[], specs: readonly OptionSpec[]): CommandLine {
  const options = new Map<string, string>();
  const args: string[] = [];
  let at = 0;
  const value = (spec: OptionSpec, attached: string | null): string => {
    if (attached !== null) return attached;
    const next = words[at + 1];
    if (next === undefined || isOption(next, specs)) {
      throw new CommandLineError(`Missing argument for option: ${nameOf(spec)}`);
    }
    at++;
    return next;
  };
  const take = (spec: OptionSpec, attached: string | null): void => {
    options.set(spec.long, spec.hasValue ? value(spec, attached) : '');
  };
  for (; at < words.length; at++) {
    const word = words[at];
    if (word === '--') {
      args.push(...words.slice(at + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-' || isNegativeNumber(word)) {
      args.push(word);
      continue;
    }
    for (const [spec, attached] of optionsOf(word, specs)) take(spec, attached);
  }
  checkRequired(options, specs);
  return { options, args };
}

type Found = readonly (readonly [OptionSpec, string | null])[];

function optionsOf(word: string, specs: readonly OptionSpec[]): Found {
  const equals = word.indexOf('=');
  const name = word.slice(word.startsWith('--') ? 2 : 1, equals < 0 ? undefined : equals);
  const attached = equals < 0 ? null : word.slice(equals + 1);
  const exact = specs.find((spec) => spec.long === name || (!word.startsWith('--') && spec.short === name));
  const begun = exact === undefined ? specs.filter((spec) => name !== '' && spec.long.startsWith(name)) : [exact];
  if (begun.length > 1) {
    const names = begun.map((spec) => `'${spec.long}'`).join(', ');
    throw new CommandLineError(`Ambiguous option: '${word}'  (could be: ${names})`);
  }
  if (begun.length === 1 && (attached === null || begun[0].hasValue)) return [[begun[0], attached]];
  if (!word.startsWith('--')) {
    const letters = lettersOf(word.slice(1), specs);
    if (letters !== null) return letters;
  }
  throw new CommandLineError(`Unrecognized option: ${word}`);
}

/** -rvy, -z5, -rz5 */
function lettersOf(text: string, specs: readonly OptionSpec[]): Found | null {
  const found: [OptionSpec, string | null][] = [];
  for (let i = 0; i < text.length; i++) {
    const spec = specs.find(({ short }) => short === text[i]);
    if (spec === undefined) return null;
    const rest = text.slice(i + 1);
    found.push([spec, spec.hasValue && rest !== '' ? rest.replace(/^=/, '') : null]);
    if (spec.hasValue) break;
  }
  return found;
}

function isOption(word: string, specs: readonly OptionSpec[]): boolean {
  if (!word.startsWith('-') || word === '-' || isNegativeNumber(word)) return false;
  try {
    return optionsOf(word, specs).length > 0;
  } catch (error) {
    if (error instanceof CommandLineError) return false;
    throw error;
  }
}

function isNegativeNumber(word: string): boolean {
  return /^-\d/.test(word) && Number.isFinite(Number(word));
}

function checkRequired(options: ReadonlyMap<string, string>, specs: readonly OptionSpec[]): void {
  const missing = specs.filter((spec) => spec.isRequired === true && !options.has(spec.long));
  if (missing.length === 0) return;
  throw new CommandLineError(
    `Missing required option${missing.length > 1 ? 's' : ''}: ${missing.map(nameOf).join(', ')}`,
  );
}

function nameOf(spec: OptionSpec): string {
  return spec.short === '' ? spec.long : spec.short;
}

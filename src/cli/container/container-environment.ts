// The environment of a container as its variables are read: `NAME`, or the content of the file that `NAME_FILE` names, as
// secrets are mounted. Given the environment and a way to read files, so that it works on a made-up one.
// A value with a line break is refused: it would be two lines of zoo.cfg.

/** What the variables say makes no sense; one sentence for whoever set them. */
export class ContainerError extends Error {
  override readonly name = 'ContainerError';
}

export type Variables = Readonly<Record<string, string | undefined>>;

export class ContainerEnvironment {
  private readonly variables: Variables;
  private readonly readFile: (path: string) => string;

  constructor(variables: Variables, readFile: (path: string) => string) {
    this.variables = variables;
    this.readFile = readFile;
  }

  /** Undefined: unset, or empty, which is the same. */
  get(name: string): string | undefined {
    const value = this.variables[name] || this.fromFile(name);
    if (value === undefined || value === '') return undefined;
    if (/[\r\n]/.test(value)) throw new ContainerError(`${name} has more than one line`);
    return value;
  }

  /** A list, which may stand on several lines. */
  words(name: string, separator = /\s+/): string[] {
    const value = this.variables[name] || this.fromFile(name) || '';
    return value.split(separator).filter((word) => word !== '');
  }

  /** yes, true, 1 and on, in any case. */
  isOn(name: string): boolean {
    return /^(yes|true|1|on)$/i.test(this.get(name) ?? '');
  }

  private fromFile(name: string): string | undefined {
    const path = this.variables[`${name}_FILE`];
    if (path === undefined || path === '') return undefined;
    try {
      return this.readFile(path).replace(/\r?\n$/, '');
    } catch (error) {
      throw new ContainerError(`${name}_FILE: ${(error as Error).message}`);
    }
  }
}

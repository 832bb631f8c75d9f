// Asks the AdminServer this page came from, and nobody else, by the commands that operators have too. One object per page. Keeps the
// credentials the user has given, in memory only, and sends them with the commands that look at nodes.
// In the browser. An answer that does not come is an error with a sentence to show.

const DEADLINE_MS = 8000;

export type Fields = Readonly<Record<string, unknown>>;

export class ServerError extends Error {
  override readonly name = 'ServerError';
  /** 0: there was no answer. */
  readonly status: number;
  readonly fields: Fields;

  constructor(message: string, status: number, fields: Fields = {}) {
    super(message);
    this.status = status;
    this.fields = fields;
  }
}

export class ServerApi {
  private readonly commands: string;
  private authorization: string | null = null;

  /** `commands` is where they are, from the page. */
  constructor(commands: string) {
    this.commands = commands;
  }

  /** Null: nobody in particular. */
  set credentials(userAndPassword: string | null) {
    this.authorization = userAndPassword === null ? null : `digest ${userAndPassword}`;
  }

  get hasCredentials(): boolean {
    return this.authorization !== null;
  }

  /** The fields of the answer. */
  async ask(command: string, parameters: Readonly<Record<string, string>> = {}): Promise<Fields> {
    return this.request(command, parameters, {}, (text) => text);
  }

  /** For answers with session ids: long integers come as text, since a number would be another one. */
  async askWithLongs(command: string): Promise<Fields> {
    return this.request(command, {}, {}, (text) => text.replace(/^(\s*"\w+" : )(-?\d{16,})(?=,?$)/gm, '$1"$2"'));
  }

  /** With the credentials. */
  async askForNodes(command: string, parameters: Readonly<Record<string, string>>): Promise<Fields> {
    const headers = this.authorization === null ? {} : { Authorization: this.authorization };
    return this.request(command, parameters, headers, (text) => text);
  }

  private async request(
    command: string,
    parameters: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>>,
    prepare: (text: string) => string,
  ): Promise<Fields> {
    const query = new URLSearchParams(parameters).toString();
    const url = `${this.commands}/${command}${query === '' ? '' : `?${query}`}`;
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const response = await fetch(url, { headers, signal, cache: 'no-store', credentials: 'omit' }).catch(() => {
      throw new ServerError('The server does not answer', 0);
    });
    const fields = parsed(prepare(await response.text()), response.status);
    const { error } = fields;
    if (typeof error === 'string') throw new ServerError(error, response.status, fields);
    if (!response.ok) throw new ServerError(`The server answered ${response.status}`, response.status, fields);
    return fields;
  }
}

function parsed(text: string, status: number): Fields {
  try {
    return JSON.parse(text) as Fields;
  } catch {
    throw new ServerError(`The server answered ${status}, which is no answer to a command`, status);
  }
}

/**
 * The AdminServer: commands over HTTP (operations 3.1 to 3.3). Finds the command, checks what all of them have in common, and
 * writes the answer; what a command does is its own file's business.
 *
 *   path -> command -> method -> is the server serving? -> who asks, and may he? -> the command (feature, rate, body)
 *
 * Lives on the main thread and is loaded once clients are served. It owns the HTTP port and its connections, never the
 * database. A client that goes away, says nothing or does not read costs one connection until its idle time is over.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../base/clock.js';
import type { Identity } from '../processor/acl.js';
import type { AdminHost, RunningAdmin } from '../server/admin-host.js';
import { TurnSharing } from '../server/status/turn-sharing.js';
import { AdminPort } from './admin-port.js';
import type { Command, CommandAnswer } from './command.js';
import { COMMANDS, commandsByName } from './command-table.js';
import { type JsonObject, jsonPieces } from './json-text.js';
import { isPagePath, PAGE_HEADERS, type PageFile, PageFiles } from './page-files.js';
import { type Connected, clientAddress, identitiesOf } from './request-auth.js';

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
const JSON_FAILED = '{"error": "Exception writing command response to JSON"}';
const NOT_FOUND =
  '<html><head><title>Error 404 Not Found</title></head><body><h2>HTTP ERROR 404 Not Found</h2></body></html>\n';
const ALLOWED = 'GET, HEAD, POST, OPTIONS';
/** How long a restore may keep the root's list from being read. */
const ROOT_WAIT_MS = 30_000;
const ROOT_POLL_MS = 20;
/** Of a body that nobody wants: so much is read, for as long, so that the answer is not lost in a reset connection. */
const UNREAD_BYTES_MAX = 8 << 20;
const UNREAD_MS = 2000;
const STRICT_TRANSPORT = 'max-age=86400; includeSubDomains';
const HEADERS_MS = 60_000;
/** Of text that is made at once, in less than half a millisecond. */
const PIECE_CHARS = 16_384;
const CONNECTIONS_MAX = 256;
const HEADER_BYTES_MAX = 8192;
/** From where this module runs: two folders below dist. */
const PACKAGE_ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** A request that is refused before its command is asked. */
class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly answer: CommandAnswer;

  constructor(status: number, error: string) {
    super(error);
    this.answer = { status, error };
  }
}

export async function startAdminServer(host: AdminHost): Promise<RunningAdmin> {
  const server = new AdminServer(host);
  return server.listen();
}

class AdminServer {
  private readonly host: AdminHost;
  private readonly commands: readonly Command[];
  private readonly byName: ReadonlyMap<string, Command>;
  private readonly http: Server;
  private readonly port: AdminPort;
  private files: PageFiles | null = null;

  constructor(host: AdminHost) {
    this.host = host;
    this.commands = COMMANDS.map((make) => make(host));
    this.byName = commandsByName(this.commands);
    this.http = createServer({
      keepAliveTimeout: host.config.idleTimeoutMs,
      headersTimeout: HEADERS_MS,
      // A large body takes its time; one that does not come is told by the idle time.
      requestTimeout: 0,
      maxHeaderSize: HEADER_BYTES_MAX,
    });
    this.port = new AdminPort(host, this.http, CONNECTIONS_MAX);
    this.http.timeout = host.config.idleTimeoutMs;
    this.http.on('request', (request, response) => this.onRequest(request, response, () => {}));
    this.http.on('checkContinue', (request, response) =>
      this.onRequest(request, response, () => response.writeContinue()),
    );
  }

  async listen(): Promise<RunningAdmin> {
    const { config, log } = this.host;
    const port = await this.port.listen();
    const address = config.host ?? '0.0.0.0';
    log.info(`Started AdminServer on address ${address}, port ${port} and command URL ${config.commandUrl}`);
    return { port, close: () => this.close() };
  }

  private close(): void {
    this.port.close();
    this.http.closeAllConnections();
    // Where another listens for it, too: it looks after the times of connections with a timer of its own.
    this.http.close();
  }

  private onRequest(request: IncomingMessage, response: ServerResponse, beginBody: () => void): void {
    // Whatever goes wrong with a connection ends there.
    request.on('error', () => {});
    response.on('error', () => {});
    this.answer(request, response, beginBody).catch((error: unknown) => {
      this.host.log.error('An admin command could not be answered', { error });
      response.destroy();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse, beginBody: () => void): Promise<void> {
    const { commandUrl } = this.host.config;
    const { path, parameters } = targetOf(request.url ?? '/');
    if (this.port.isEncrypted(request.socket)) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT);
    if (request.method === 'TRACE') return this.end(request, response, 403);
    if (path !== commandUrl && !path.startsWith(`${commandUrl}/`)) {
      const file = await this.pageFile(path);
      if (file !== null) return this.sendFile(request, response, file);
      response.setHeader('Content-Type', 'text/html;charset=iso-8859-1');
      return this.end(request, response, 404, NOT_FOUND);
    }
    switch (request.method) {
      case 'GET':
      case 'HEAD':
      case 'POST':
        break;
      case 'OPTIONS':
        response.setHeader('Allow', ALLOWED);
        return this.end(request, response, 200);
      default:
        return this.end(request, response, 405);
    }
    const name = path.slice(commandUrl.length + 1);
    if (name === '') return this.end(request, response, 200, this.listing());
    const command = this.byName.get(name);
    if (command === undefined) return this.json(request, response, name, { error: `Unknown command: ${name}` });
    const isPost = request.method === 'POST';
    if (isPost !== (command.method === 'POST')) return this.end(request, response, 405);
    const answer = await this.run(command, request, parameters, beginBody);
    const { stream } = answer;
    if (stream === undefined) return this.json(request, response, command.names[0], answer);
    for (const [header, value] of Object.entries(answer.headers ?? {})) response.setHeader(header, value);
    response.statusCode = answer.status ?? 200;
    if (request.method === 'HEAD') {
      stream.destroy();
      response.end();
      return;
    }
    await this.stream(response, stream);
  }

  /** Null: nothing of the page is at this path. */
  private async pageFile(path: string): Promise<PageFile | null> {
    const { pageEnabled, commandUrl } = this.host.config;
    if (!pageEnabled || !isPagePath(path)) return null;
    this.files ??= new PageFiles(PACKAGE_ROOT, commandUrl);
    return this.files.find(path);
  }

  private sendFile(request: IncomingMessage, response: ServerResponse, { contentType, bytes }: PageFile): void {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      this.end(request, response, 405);
      return;
    }
    for (const [header, value] of Object.entries(PAGE_HEADERS)) response.setHeader(header, value);
    response.setHeader('Content-Type', contentType);
    this.end(request, response, 200, bytes);
  }

  private async run(
    command: Command,
    request: IncomingMessage,
    parameters: ReadonlyMap<string, string>,
    beginBody: () => void,
  ): Promise<CommandAnswer> {
    const { host } = this;
    try {
      if (command.needsServer && !host.isServing) throw new Refusal(200, NOT_SERVING);
      if (command.needsRoot) await this.checkOwner(request);
    } catch (error) {
      if (error instanceof Refusal) return error.answer;
      host.log.error(`The caller of ${command.names[0]} could not be authenticated`, { error });
      return { status: 500, error: 'Error occurred during auth' };
    }
    // It may work for long without a byte in either direction; a body has to come, though.
    const { socket } = request;
    const onEnd = (): void => {
      socket.setTimeout(0);
    };
    if (command.method === 'GET') onEnd();
    else request.once('end', onEnd);
    try {
      return await command.run({
        parameters,
        headers: request.headers,
        remoteAddress: socket.remoteAddress ?? '',
        clientAddress: this.connected(request).address,
        certified: this.port.identitiesOf(socket),
        body: request,
        beginBody,
      });
    } finally {
      request.off('end', onEnd);
      socket.setTimeout(host.config.idleTimeoutMs);
    }
  }

  /** Snapshot and restore are for those who could read and change everything by themselves (CVE-2025-58457). */
  private async checkOwner(request: IncomingMessage): Promise<void> {
    const { authorization } = request.headers;
    if (authorization === undefined) throw new Refusal(401, 'Auth info is missing for the command');
    const identities = identitiesOf(authorization, this.connected(request), this.host.auth);
    if (identities === null) throw new Refusal(401, 'Not authenticated');
    if (!(await this.ownsRoot(identities))) throw new Refusal(403, 'Not authorized');
  }

  private connected({ socket, headers }: IncomingMessage): Connected {
    const forwarded = this.host.config.trustsForwardedFor ? headers['x-forwarded-for'] : undefined;
    return {
      address: clientAddress(socket.remoteAddress ?? '', forwarded?.toString()),
      certified: this.port.identitiesOf(socket),
    };
  }

  private async ownsRoot(identities: readonly Identity[]): Promise<boolean> {
    const { clock } = this.host;
    const untilMs = clock.monotonicMs() + ROOT_WAIT_MS;
    for (;;) {
      const owns = this.host.ownsRoot(identities);
      if (owns !== null) return owns;
      if (clock.monotonicMs() > untilMs) throw new Error('the ACL of the root node cannot be read');
      await delay(ROOT_POLL_MS);
    }
  }

  private listing(): string {
    const { commandUrl } = this.host.config;
    const namesOf = (isOwn: boolean): string[] =>
      this.commands.filter((command) => (command.isOwn ?? false) === isOwn).map(({ names: [primary] }) => primary);
    return [...namesOf(false).sort(), ...namesOf(true).sort()]
      .map((name) => `<a href="${commandUrl}/${name}">${name}</a>\n<br/>\n`)
      .join('');
  }

  private async json(
    request: IncomingMessage,
    response: ServerResponse,
    name: string,
    answer: CommandAnswer,
  ): Promise<void> {
    const { status = 200, headers = {}, fields = {}, error = null } = answer;
    const object: JsonObject = { ...fields, command: name, error, ...fields };
    response.setHeader('Content-Type', 'application/json');
    for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
    const pieces = jsonPieces(object)[Symbol.iterator]();
    let text: string;
    try {
      text = someOf(pieces);
    } catch (failure) {
      this.host.log.error(`The answer to ${name} is no JSON`, { error: failure });
      return this.end(request, response, status, JSON_FAILED);
    }
    if (text.length < PIECE_CHARS) return this.end(request, response, status, text);
    response.statusCode = status;
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    await this.stream(response, longText(text, pieces, this.host.clock));
  }

  /** As fast as the client takes it; one that takes nothing is cut off after the idle time. */
  private async stream(response: ServerResponse, source: Readable | AsyncIterable<string>): Promise<void> {
    try {
      await pipeline(source, response);
    } catch (error) {
      this.host.log.warn('The answer to an admin command was broken off', { error });
    }
  }

  /** The whole answer; a body that has not been read is not waited for, and its connection ends. */
  private end(request: IncomingMessage, response: ServerResponse, status: number, text: string | Buffer = ''): void {
    const { socket } = request;
    response.statusCode = status;
    const isUnread = hasBody(request) && !request.complete;
    if (isUnread) response.setHeader('Connection', 'close');
    response.setHeader('Content-Length', Buffer.byteLength(text));
    response.end(request.method === 'HEAD' ? '' : text);
    if (!isUnread) return;
    let unread = 0;
    request.on('data', (chunk: Uint8Array) => {
      unread += chunk.length;
      if (unread > UNREAD_BYTES_MAX) socket.destroy();
    });
    const timer = setTimeout(() => socket.destroy(), UNREAD_MS);
    socket.once('close', () => clearTimeout(timer));
  }
}

/** Without what follows a fragment, with escapes undone; a parameter that is repeated counts by its first value. */
function targetOf(url: string): { path: string; parameters: ReadonlyMap<string, string> } {
  const [rawPath = '', query = ''] = (url.split('#', 1)[0] as string).split(/\?(.*)/s, 2);
  const parameters = new Map<string, string>();
  for (const [key, value] of new URLSearchParams(query)) if (!parameters.has(key)) parameters.set(key, value);
  return { path: unescaped(rawPath), parameters };
}

/** When a request comes to be handled, the end of one without a body has not been seen either. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function unescaped(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** So much of a long answer is made at once; what is shorter is sent with its length. */
function someOf(pieces: Iterator<string>): string {
  let text = '';
  while (text.length < PIECE_CHARS) {
    const { value, done } = pieces.next();
    if (done === true) break;
    text += value;
  }
  return text;
}

async function* longText(first: string, pieces: Iterator<string>, clock: Clock): AsyncIterable<string> {
  const turns = new TurnSharing(clock);
  for (let text = first; text !== ''; text = someOf(pieces)) {
    yield text;
    if (turns.isDue) await turns.pause();
  }
}

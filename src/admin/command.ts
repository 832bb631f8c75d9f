// What a command of the AdminServer is: a file of its own under commands/, and a row in command-table.ts. It is asked once per
// request, on the main thread, after everything that all commands have in common was checked (admin-server.ts), and answers with
// fields, or with a status, headers and a stream.

import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Identity } from '../processor/acl.js';
import type { AdminHost } from '../server/admin-host.js';
import type { JsonObject } from './json-text.js';

export interface CommandRequest {
  /** The first value of each. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly headers: IncomingHttpHeaders;
  /** The socket's. */
  readonly remoteAddress: string;
  /** The same, or what a proxy says in front of the server, if that is to be believed. */
  readonly clientAddress: string;
  /** What TLS has proved of the client. */
  readonly certified: readonly Identity[];
  /** Of a POST. Reading it may fail: the client is gone, or says nothing for too long. */
  readonly body: Readable;
  /** Asks the client to send its body, if it waits to be asked. Nothing is read before. */
  beginBody(): void;
}

export interface CommandAnswer {
  /** 200 unless given. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** In front of `command` and `error`; an `error` among them takes the place of that one. */
  readonly fields?: JsonObject;
  /** Null unless given. */
  readonly error?: string;
  /** Instead of all JSON; whoever gets the answer destroys it. */
  readonly stream?: Readable;
}

export interface Command {
  /** The primary one first: the others are its aliases. */
  readonly names: readonly [string, ...string[]];
  readonly method: 'GET' | 'POST';
  /** Not one of Apache's: the listing has it behind those. */
  readonly isOwn?: boolean;
  /** Refused while no client is served. */
  readonly needsServer: boolean;
  /** Only for who has every permission on the root node. */
  readonly needsRoot: boolean;
  run(request: CommandRequest): CommandAnswer | Promise<CommandAnswer>;
}

/** Commands keep what they need of the server, and state such as rate limits, so each AdminServer makes its own. */
export type MakeCommand = (host: AdminHost) => Command;

/**
 * The HTTP side of the Prometheus provider (operations 4.4): one path, GET and POST, no TLS. Lives on the provider's thread, so that no
 * request of a client waits for a scrape. Knows nothing of metrics: it is given the text.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { EXPOSITION_CONTENT_TYPE } from './exposition.js';

const PATH = '/metrics';
const IDLE_MS = 30_000;
const HEADERS_WAIT_MS = 10_000;
const CONNECTIONS_MAX = 64;

/** Null: everything. */
export type ScrapeText = (names: ReadonlySet<string> | null) => Promise<string>;

/** Resolves once the port is open; rejects with the system's error. */
export function startScrapeServer(
  host: string | null,
  port: number,
  text: ScrapeText,
  onError: (error: Error) => void,
): Promise<Server> {
  const server = createServer({ keepAliveTimeout: IDLE_MS, headersTimeout: HEADERS_WAIT_MS }, (request, response) => {
    answer(request, response, text).catch((error: unknown) => {
      onError(error instanceof Error ? error : new Error(String(error)));
      response.destroy();
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host ?? undefined, () => {
      server.off('error', reject);
      server.on('error', onError);
      resolve(server);
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, text: ScrapeText): Promise<void> {
  // Whatever a POST brings is not looked at.
  request.resume();
  const { method = '', url = '' } = request;
  if (method === 'TRACE') return refuse(response, 403, 'Forbidden');
  const [path, query = ''] = url.split('?', 2);
  if (path !== PATH) return refuse(response, 404, 'Not Found');
  if (method !== 'GET' && method !== 'POST' && method !== 'HEAD') return refuse(response, 405, 'Method Not Allowed');
  const names = new URLSearchParams(query).getAll('name[]');
  const body = Buffer.from(await text(names.length === 0 ? null : new Set(names)));
  response.writeHead(200, { 'Content-Type': EXPOSITION_CONTENT_TYPE, 'Content-Length': body.length });
  response.end(method === 'HEAD' ? undefined : body);
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  const body = `<html><head><title>Error ${status} ${reason}</title></head><body><h2>HTTP ERROR ${status} ${reason}</h2></body></html>\n`;
  response.writeHead(status, { 'Content-Type': 'text/html;charset=utf-8', 'Content-Length': Buffer.byteLength(body) });
  response.end(body);
}

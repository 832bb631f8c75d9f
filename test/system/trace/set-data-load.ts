/**
 * setData from so many connections with so many outstanding requests each, for a time, on nodes of their own. Counts the acknowledged ones;
 * any answer but "Ok" ends it.
 */
import { counted, int32, Op, openAcl, request, WireConnection } from '../../testing/wire-connection.js';

const VALUE = Buffer.alloc(100, 'v');
/** In a frame: behind its length, xid and zxid. */
const ERR_OFFSET = 16;

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  readonly outstanding: number;
  readonly durationMs: number;
}

/** Returns how many writes were acknowledged, and how long it took. */
export async function setDataLoad(options: LoadOptions): Promise<{ acknowledged: number; tookMs: number }> {
  const connections = await Promise.all(
    Array.from({ length: options.connections }, () => WireConnection.openSession(options.port)),
  );
  for (const [index, connection] of connections.entries()) {
    await connection.call(1, Op.Create, counted(`/load${index}`), counted(''), openAcl, int32(0));
  }
  const startedMs = performance.now();
  const endMs = startedMs + options.durationMs;
  const counts = await Promise.all(
    connections.map((connection, index) => writeUntil(connection, `/load${index}`, options.outstanding, endMs)),
  );
  const tookMs = performance.now() - startedMs;
  await Promise.all(connections.map((connection) => connection.closeSession()));
  return { acknowledged: counts.reduce((sum, count) => sum + count, 0), tookMs };
}

/** Frames are cut by hand here: the client must not be what is measured. */
function writeUntil(connection: WireConnection, path: string, outstanding: number, endMs: number): Promise<number> {
  const { socket } = connection;
  const body = [counted(path), counted(VALUE), int32(-1)];
  let xid = 10;
  let answered = 0;
  let due = 0;
  const send = (): void => {
    const frames: Buffer[] = [];
    for (; due < outstanding; due++) frames.push(request(xid++, Op.SetData, ...body));
    socket.write(Buffer.concat(frames));
  };
  return new Promise((resolve, reject) => {
    let rest: Buffer = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (rest.length - at >= 4 && rest.length - at - 4 >= rest.readInt32BE(at)) {
        const err = rest.readInt32BE(at + ERR_OFFSET);
        if (err !== 0) reject(new Error(`setData was answered ${err}`));
        at += 4 + rest.readInt32BE(at);
        due--;
        answered++;
      }
      rest = rest.subarray(at);
      if (performance.now() < endMs) send();
      else if (due === 0) {
        socket.removeListener('data', onData);
        resolve(answered);
      }
    };
    socket.removeAllListeners('data');
    socket.on('data', onData);
    socket.once('close', () => reject(new Error('closed by the server where a reply was due')));
    send();
  });
}

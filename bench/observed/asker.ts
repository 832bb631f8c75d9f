/**
 * A process of its own that asks a server again and again, each time so many milliseconds after the last answer was whole: a
 * four-letter word, or an HTTP path. It counts and throws away what it is told, and ends when its standard input does.
 *
 * node asker.js <word | path> <port> <pause in ms>; prints a line once it was answered for the first time, and at the end
 * `{answers, bytes, msEach}`.
 */
import { get } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const [what = '', port = '', pauseMs = ''] = process.argv.slice(2);
const DEADLINE_MS = 60_000;

function bytesOf(stream: NodeJS.ReadableStream): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.once('end', () => resolve(bytes));
    stream.once('error', reject);
  });
}

function askWord(): Promise<number> {
  const socket = connect({ port: Number(port), host: '127.0.0.1' });
  socket.setTimeout(DEADLINE_MS, () => socket.destroy(new Error(`${what}: no answer`)));
  socket.write(what);
  return bytesOf(socket);
}

function askPath(): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: what, timeout: DEADLINE_MS }, (response) => {
      if (response.statusCode === 200) resolve(bytesOf(response));
      else reject(new Error(`${what}: status ${response.statusCode}`));
    });
    request.once('timeout', () => request.destroy(new Error(`${what}: no answer`)));
    request.once('error', reject);
  });
}

const ask = what.startsWith('/') ? askPath : askWord;
let isOver = false;
process.stdin.resume().once('end', () => {
  isOver = true;
});
let answers = 0;
let bytes = 0;
let totalMs = 0;
while (!isOver) {
  const began = performance.now();
  const length = await ask();
  if (length === 0) throw new Error(`${what}: an empty answer`);
  totalMs += performance.now() - began;
  bytes += length;
  answers++;
  if (answers === 1) console.log('{}');
  await delay(Number(pauseMs));
}
console.log(JSON.stringify({ answers, bytes, msEach: totalMs / answers }));

/**
 * Answers of two servers made comparable: what differs from one run to the next (times, ports, session ids, paths of directories)
 * becomes a word that says what stood there. Everything else stays as it is, to the blank. Pure functions.
 */

/** Of one server. */
export interface Particulars {
  readonly dataDir: string;
  /** By the name that stands for it. */
  readonly ports: Readonly<Record<string, number>>;
  /** In the order in which they were opened. */
  readonly sessions: readonly bigint[];
  /** The last zxid before any of that. */
  readonly firstZxid: bigint;
}

export function normalWord(text: string, particulars: Particulars): string {
  return withoutParticulars(text, particulars)
    .replace(/127\.0\.0\.1:\d+(?!:)/g, '127.0.0.1:PORT')
    .replace(/\b(est|lresp|llat|minlat|avglat|maxlat)=\d+/g, '$1=N')
    .replace(/^0 expire at .*\n/gm, '')
    .replace(/^((?:Session|Connections) Sets) \(\d+\)/gm, '$1 (B)')
    .replace(/expire at \w{3} \w{3} \d\d \d\d:\d\d:\d\d \S+ \d{4}:/g, 'expire at DATE:')
    .replace(/^(Zookeeper version: |zookeeper\.version=|zk_version\t)\d+\.\d+\.\d+-\S+, built on .*$/m, '$1VERSION')
    .replace(/^Latency min\/avg\/max: \d+\/\d+\.\d+\/\d+$/m, 'Latency min/avg/max: N/D/N')
    .replace(/^(dataDirSize|dataLogSize)=\d+$/gm, '$1=N')
    .replace(/^(datadir_size|logdir_size): \d+$/gm, '$1: N')
    .replace(/^([0-9a-f]+): -?\d+$/gm, '$1: DIGEST')
    .replace(
      /((?:lzxid=|Zxid: )0x)([0-9a-f]{1,15})\b/g,
      (_all, before, hex) => `${before}${since(`0x${hex}`, particulars)}`,
    );
}

const TIMES_AND_SIZES =
  'established|last_response_time|last_latency|min_latency|avg_latency|max_latency|uptime|timestamp|datadir_size|' +
  'logdir_size|data_dir_size|log_dir_size|digest|queued_packets|queued_packets_size|packets_received|packets_sent|' +
  'last_buffer_size|min_buffer_size|max_buffer_size';

/** A number stays what it is by its kind: N is whole, D has a point. */
export function normalJson(text: string, particulars: Particulars): string {
  return (
    withoutParticulars(text, particulars)
      .replace(/127\.0\.0\.1:\d+(?!:)/g, '127.0.0.1:PORT')
      .replace(/"\d{4,}" : \[/g, '"TIME" : [')
      // The reference keeps buckets out of which all have gone.
      .replace(/^ *"TIME" : \[ \],?\n/gm, '')
      .replace(new RegExp(`"(${TIMES_AND_SIZES})" : (-?\\d+)(\\.\\d+)?`, 'g'), (_all, key, _whole, part) =>
        part === undefined ? `"${key}" : N` : `"${key}" : D`,
      )
      .replace(
        /"((?:last_processed|last)_zxid)" : (\d+)/g,
        (_all, key, zxid) => `"${key}" : ${since(zxid, particulars)}`,
      )
      .replace(/"version" : "\d+\.\d+\.\d+-[^"]*, built on [^"]*"/g, '"version" : VERSION')
  );
}

/** Lines of blocks that the reference has in the order of a hash table: sorted, each with what is indented below it. Empty lines count. */
export function sortedBlocks(text: string, isHead: (line: string) => boolean): string {
  const blocks: string[][] = [[]];
  const lines = text.split('\n');
  const empty = lines.filter((line) => line === '').length;
  for (const line of lines.filter((line) => line !== '')) {
    if (isHead(line)) blocks.push([]);
    blocks.at(-1)?.push(line);
  }
  const [before, ...rest] = blocks.map(([head, ...lines]) => [head, ...lines.sort()].join('\n'));
  return [before, ...rest.sort(), `${empty} empty lines`].join('\n');
}

/** Of `dump`: who shares a bucket with whom is chance. */
export function withoutBuckets(text: string): string {
  return sortedBlocks(text.replace(/^\d+ expire at DATE:\n/gm, ''), (line) => !line.startsWith('\t'));
}

function since(zxid: string, { firstZxid }: Particulars): string {
  return `Z+${BigInt(zxid) - firstZxid}`;
}

function withoutParticulars(text: string, { dataDir, ports, sessions }: Particulars): string {
  let normal = text.replaceAll(dataDir, 'DATA');
  for (const [name, port] of Object.entries(ports)) normal = normal.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), name);
  sessions.forEach((id, index) => {
    normal = normal.replaceAll(`0x${id.toString(16)}`, `SESSION${index}`).replaceAll(String(id), `SESSION${index}`);
  });
  return normal;
}

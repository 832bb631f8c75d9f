// The text of the two nodes behind a quota, limits and use: "count=5,bytes=-1=;byteHardLimit=40;countHardLimit=5". The
// stray = is read by old releases as the end. Pure. What cannot be read as a number counts as no limit: a node that
// somebody scribbled on must not stop the tool that could mend it.
//
//   limits   /zookeeper/quota/<path>/zookeeper_limits      -1 = no limit
//   use      /zookeeper/quota/<path>/zookeeper_stats       kept by the server

export const QUOTA_ROOT = '/zookeeper/quota';
const COUNT = 'count';
const BYTES = 'bytes';

/** The options of setquota and delquota, and the keys they mean. */
export const QUOTA_KEYS = { n: COUNT, b: BYTES, N: 'countHardLimit', B: 'byteHardLimit' } as const;
export type QuotaOption = keyof typeof QUOTA_KEYS;

export function quotaPath(path: string): string {
  return QUOTA_ROOT + path;
}

export function limitsPath(path: string): string {
  return `${quotaPath(path)}/zookeeper_limits`;
}

export function statsPath(path: string): string {
  return `${quotaPath(path)}/zookeeper_stats`;
}

export class QuotaStats {
  private readonly values = new Map<string, bigint>();

  constructor(text = '') {
    for (const pair of text.split(/[,;]+/)) {
      const [key = '', value = ''] = pair.split('=');
      if (key !== '') this.values.set(key, /^-?\d+$/.test(value) ? BigInt(value) : -1n);
    }
  }

  /** -1 when there is none. */
  get(key: string): bigint {
    return this.values.get(key) ?? -1n;
  }

  set(key: string, value: bigint): void {
    this.values.set(key, value);
  }

  /** Count and bytes always, the others if there are any. */
  get text(): string {
    const others = [...this.values.keys()].filter((key) => key !== COUNT && key !== BYTES).sort();
    const rest = others.map((key) => `;${key}=${this.get(key)}`).join('');
    return `${COUNT}=${this.get(COUNT)},${BYTES}=${this.get(BYTES)}${rest === '' ? '' : `=${rest}`}`;
  }

  /** Limits, soft or hard, on the key's use that are below what is used already. */
  isExceededBy(use: QuotaStats, softKey: string, hardKey: string): boolean {
    return [softKey, hardKey].some((key) => this.get(key) > -1n && this.get(key) < use.get(softKey));
  }
}

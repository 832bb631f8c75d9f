// The files of a changing membership, beside zoo.cfg: written by `quorum-peer` when a configuration is proposed or committed,
// read by it at start; on the main thread, which may block in a file call then. Each is replaced whole (atomic-file.ts). Of
// committed members its owner only logs a failure, as ZooKeeper does: they are in the log as well.
//
//   zoo.cfg                      what does not change, and dynamicConfigFile=<path>; comments and order are lost
//   zoo.cfg.dynamic.100000003    the committed members: lines sorted, no newline at the end; its version is in its name
//   zoo.cfg.dynamic.next         the proposed ones, with their `version=` line; goes when they are committed
//   zoo.cfg.bak                  zoo.cfg as it was before the first of this
//
// zoo.cfg names a file that is there at every moment: the new one is durable before it is named, old ones stay.

import { hex64 } from '../base/int64.js';
import { encodeUtf8 } from '../base/utf8.js';
import { readWholeFile, rehearseReplacement, removeFile, replaceFile } from './atomic-file.js';
import { baseNameOf, type FileStore } from './file-store.js';

const DYNAMIC = '.dynamic.';
const NEXT = '.dynamic.next';
const BACKUP = '.bak';

export interface DynamicConfigVersion {
  readonly hi: number;
  readonly lo: number;
}

export class DynamicConfigFiles {
  private readonly fileStore: FileStore;
  private readonly staticPath: string;

  /** staticPath: of zoo.cfg, absolute. */
  constructor(fileStore: FileStore, staticPath: string) {
    this.fileStore = fileStore;
    this.staticPath = staticPath;
  }

  /** `configText`: lines, the version's among them, as they stand in /zookeeper/config. Returns the path for zoo.cfg. */
  writeCommitted(configText: string, version: DynamicConfigVersion): string {
    const path = this.staticPath + DYNAMIC + hex64(version.hi, version.lo);
    const members = linesOf(configText).filter((line) => !line.startsWith('version'));
    replaceFile(this.fileStore, path, encodeUtf8(members.sort().join('\n')));
    return path;
  }

  writeNext(configText: string): void {
    replaceFile(this.fileStore, this.staticPath + NEXT, nextContent(configText));
  }

  /** Throws what would be in the way of writing it, and changes nothing. */
  rehearseNext(configText: string): void {
    rehearseReplacement(this.fileStore, this.staticPath + NEXT, nextContent(configText));
  }

  /** Null when nothing is proposed. */
  readNext(): Uint8Array | null {
    return readWholeFile(this.fileStore, this.staticPath + NEXT);
  }

  removeNext(): void {
    removeFile(this.fileStore, this.staticPath + NEXT);
  }

  /**
   * `pairs`: what zoo.cfg says now. The client port goes if the own member's line carries one: two that differ would be
   * refused at the next start.
   */
  rewriteStatic(pairs: ReadonlyMap<string, string>, dynamicPath: string, dropsClientPort: boolean): void {
    let text = '';
    for (const [key, value] of pairs) {
      if (isDynamicKey(key) || (dropsClientPort && (key === 'clientPort' || key === 'clientPortAddress'))) continue;
      text += `${escaped(key, true)}=${escaped(value, false)}\n`;
    }
    text += `dynamicConfigFile=${escaped(dynamicPath, false)}\n`;
    replaceFile(this.fileStore, this.staticPath, encodeUtf8(text));
  }

  /** Before zoo.cfg is rewritten for the first time. */
  backUpStatic(): void {
    const content = readWholeFile(this.fileStore, this.staticPath);
    if (content === null) return;
    replaceFile(this.fileStore, this.staticPath + BACKUP, content, this.staticPath);
  }
}

/** The version of a file that dynamicConfigFile names: the hex number behind its last dot, 0 when there is none. */
export function versionOfDynamicPath(path: string): DynamicConfigVersion {
  const name = baseNameOf(path);
  const digits = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  if (!/^0*(?:[0-7]?[0-9a-f]{15}|[0-9a-f]{1,14})$/.test(digits)) return { hi: 0, lo: 0 };
  const padded = digits.replace(/^0+/, '').padStart(16, '0');
  return { hi: Number.parseInt(padded.slice(0, 8), 16) | 0, lo: Number.parseInt(padded.slice(8), 16) | 0 };
}

function nextContent(configText: string): Uint8Array {
  return encodeUtf8(linesOf(configText).sort().join('\n'));
}

function linesOf(configText: string): string[] {
  return configText.split('\n').filter((line) => line !== '');
}

function isDynamicKey(key: string): boolean {
  return (
    key.startsWith('server.') ||
    key.startsWith('group') ||
    key.startsWith('weight') ||
    key.startsWith('dynamicConfigFile') ||
    key.startsWith('peerType')
  );
}

/** As java.util.Properties stores it, so that it reads as it was: ZooKeeper writes it plain, and loses backslashes. */
function escaped(text: string, isKey: boolean): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    const code = text.charCodeAt(i);
    if (character === '\n') out += '\\n';
    else if (character === '\r') out += '\\r';
    else if (character === '\t') out += '\\t';
    else if (code < 0x20 || code > 0x7e) out += `\\u${code.toString(16).padStart(4, '0')}`;
    else if (character === '\\' || (character === ' ' && (isKey || i === 0)) || (isKey && '=:#!'.includes(character)))
      out += `\\${character}`;
    else out += character;
  }
  return out;
}

// A file that is replaced whole: old or new after any crash, kill or failing call, durable when the call has returned.

import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readWholeFile, removeFile, replaceFile } from '../../../src/persistence/atomic-file.js';
import { NodeFileStore } from '../../../src/persistence/node-file-store.js';
import type { SimFileStore } from '../../../src/persistence/sim-file-store.js';
import { endAtEveryCall } from './every-call.js';

const PATH = '/d/file';
const OLD = new TextEncoder().encode('the old content');
const NEW = new TextEncoder().encode('new');

function textAt(store: SimFileStore, path: string): string | null {
  const bytes = readWholeFile(store, path);
  return bytes === null ? null : new TextDecoder().decode(bytes);
}

describe('replacing a file', () => {
  for (const loseSectors of [false, true]) {
    test(`ended at every call it is the old one or the new one${loseSectors ? ', whatever sectors are lost' : ''}`, () => {
      const seen = new Set<string | null>();
      const runs = endAtEveryCall(
        (store) => store.place(PATH, OLD),
        (store) => replaceFile(store, PATH, NEW),
        (store, ending, label) => {
          const text = textAt(store, PATH);
          seen.add(text);
          expect(['the old content', 'new'], label).toContain(text);
          if (ending === 'none') {
            store.crash();
            expect(textAt(store, PATH), 'durable when it returned').toBe('new');
          }
          if (ending === 'EIO') expect(store.list('/d'), label).toEqual(['file']);
          // Whatever was left, the next replacement works.
          replaceFile(store, PATH, NEW);
          store.crash();
          expect(textAt(store, PATH), label).toBe('new');
          expect(store.list('/d'), label).toEqual(['file']);
        },
        { disk: { loseSectors } },
      );
      expect(runs).toBeGreaterThan(40);
      expect(seen.size).toBe(2);
    });
  }

  test('a file that was not there is not there or whole', () => {
    endAtEveryCall(
      (store) => store.makeDirectories('/d'),
      (store) => replaceFile(store, PATH, NEW),
      (store, _, label) => expect([null, 'new'], label).toContain(textAt(store, PATH)),
    );
  });

  test('removing it is durable, and asking for it twice does no harm', () => {
    endAtEveryCall(
      (store) => store.place(PATH, OLD),
      (store) => removeFile(store, PATH),
      (store, ending, label) => {
        if (ending === 'none') store.crash();
        expect(ending === 'none' ? [null] : [null, 'the old content'], label).toContain(textAt(store, PATH));
        removeFile(store, PATH);
        removeFile(store, PATH);
        store.crash();
        expect(textAt(store, PATH), label).toBeNull();
      },
    );
  });

  test('the new file is open to nobody whom the old one was closed to', () => {
    const directory = mkdtempSync(join(tmpdir(), 'atomic-file-'));
    try {
      const path = join(directory, 'zoo.cfg');
      for (const mode of [0o600, 0o664]) {
        writeFileSync(path, 'old', { mode });
        rmSync(path);
        writeFileSync(path, 'old', { mode, flag: 'w' });
        const before = statSync(path).mode;
        replaceFile(new NodeFileStore(), path, NEW);
        expect(statSync(path).mode).toBe(before);
        expect(statSync(path).size).toBe(3);
        rmSync(path);
      }
      replaceFile(new NodeFileStore(), path, NEW);
      expect(statSync(path).mode & 0o600).toBe(0o600);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

import { describe, expect, it } from 'vitest';
import { NodeKind, nodeKindOfOwner } from '../../../src/store/node-layout.js';

describe('nodeKindOfOwner', () => {
  it('reads the stored owner as client-protocol 6.4 says', () => {
    expect(nodeKindOfOwner(0, 0, false)).toBe(NodeKind.persistent);
    expect(nodeKindOfOwner(0x80000000 | 0, 0, true)).toBe(NodeKind.container);
    expect(nodeKindOfOwner(0x80000000 | 0, 1, false)).toBe(NodeKind.ephemeral);
    expect(nodeKindOfOwner(0x80000000 | 0, 1, true)).toBe(NodeKind.ttl);
    expect(nodeKindOfOwner(0xff000000 | 0, 3_600_000, false)).toBe(NodeKind.ttl);
    expect(nodeKindOfOwner(0x0100003b, 0x15360000, true)).toBe(NodeKind.ephemeral);
  });
});

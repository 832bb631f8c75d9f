// The node record's shape.
export const NodeKind = { persistent: 0, ephemeral: 1, container: 2, ttl: 3 } as const;
export type NodeKind = (typeof NodeKind)[keyof typeof NodeKind];

/** Bytes of the wire Stat (client-protocol section 4). */
export const STAT_BYTES = 68;
/** Bytes of StatPersisted (persistence 4.1). */
export const STAT_PERSISTED_BYTES = 60;

/** The kind a stored ephemeralOwner stands for (client-protocol 6.4, persistence 3.3). */
export declare function nodeKindOfOwner(ownerHi: number, ownerLo: number, emulate353TtlNodes: boolean): NodeKind;

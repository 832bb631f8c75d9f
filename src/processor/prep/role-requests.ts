/**
 * What prep's actor asks of the class that has the requests in a role: leader and standalone, learner, read-only.
 *
 * One object of each lives as long as the actor, on its thread. It is told of nothing while another has the requests, and must
 * not rely on what it knew before `begin`.
 */
export interface RoleRequests {
  /** Clients are served in this role from here on; the tree is that of this zxid, and nothing is on its way. */
  begin(zxidHi: number, zxidLo: number): void;
  /** A `request` or `echo` of a client, of a learner's, or of the session tracker or container manager. */
  onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void;
  onBatchEnd?(): void;
}

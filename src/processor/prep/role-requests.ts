/** What prep's actor asks of the class that has the requests in a role; each is told of nothing while another has them. */
export interface RoleRequests {
  /** Clients are served in this role from here on; the tree is that of this zxid, and nothing is on its way. */
  begin(zxidHi: number, zxidLo: number): void;
  /** A `request` or `echo` of a client, of a learner's, or of the session tracker or container manager. */
  onRequest(type: number, bytes: Uint8Array, words: Int32Array, offset: number, length: number): void;
  onBatchEnd?(): void;
}

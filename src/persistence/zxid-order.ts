// Whether a transaction can be the next one after another: the rule by which a missing one is noticed. Used wherever
// transactions are read in order: replay, TRUNC, the committed log, what a leader sends. Pure; any thread.
// It cannot tell whether an epoch that is followed by a higher one was complete: that is the quorum protocol's business.

/**
 * The next counter of the same epoch, or counter 1 of a higher one; or where a full counter carries into the upper half,
 * as it does on a server that stands alone (in an ensemble no transaction has counter 0).
 */
export function isNextZxid(lastHi: number, lastLo: number, zxidHi: number, zxidLo: number): boolean {
  if (zxidHi === lastHi) return zxidLo === ((lastLo + 1) | 0) && lastLo !== -1;
  return (zxidHi > lastHi && zxidLo === 1) || (lastLo === -1 && zxidLo === 0 && zxidHi === lastHi + 1);
}

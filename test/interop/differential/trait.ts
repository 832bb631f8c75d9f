// What the table of allowed differences has to know about a request and cannot see in its reply. Set by whoever makes
// the request; constants only.

export const Trait = {
  /** An ACL id that only later releases than the package's understand. */
  Ipv6Acl: 'IPv6 ACL',
  /** A sub-operation of a multi whose flags make the whole multi undecodable in later releases. */
  MultiFlags: 'bad flags inside multi',
  /** A string with a character that takes four bytes in UTF-8. */
  Supplementary: 'supplementary character',
  /** Bytes are missing, too many or lie. */
  Damaged: 'damaged',
  /** Apache fails in the middle of the multi and forgets to take back what it had planned; see that nothing is behind it. */
  MultiBreaks: 'multi that breaks midway',
  /** A null where every sub-operation of a multi has its path. */
  NullPathInMulti: 'null path inside multi',
  /** exists with its watch flag set. */
  ExistsWatch: 'exists with watch',
} as const;
export type Trait = (typeof Trait)[keyof typeof Trait];

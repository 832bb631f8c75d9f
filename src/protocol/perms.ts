// Permission bits of an ACL entry (ZooDefs.Perms) and their letters. A request may name several bits, of which one is
// enough; entries are stored with whatever bits they came with. Any thread; constants only.
// Who needs which bit for what is decided by prep and by the finishers of reads (client-protocol 6.6).

export const Perms = {
  Read: 1,
  Write: 2,
  Create: 4,
  Delete: 8,
  Admin: 16,
  All: 31,
} as const;

/** The letters in the order in which ZooKeeper prints them. */
const LETTERS: readonly (readonly [string, number])[] = [
  ['c', Perms.Create],
  ['d', Perms.Delete],
  ['r', Perms.Read],
  ['w', Perms.Write],
  ['a', Perms.Admin],
];

export function permsText(perms: number): string {
  let text = '';
  for (const [letter, bit] of LETTERS) if ((perms & bit) !== 0) text += letter;
  return text;
}

/** The bit of one letter, 0 when there is none. */
export function permOfLetter(letter: string): number {
  return LETTERS.find(([known]) => known === letter)?.[1] ?? 0;
}

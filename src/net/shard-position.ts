/**
 * How far one connection shard has told its clients what happened: the zxid of the last commit record it processed.
 *
 * Behind the tree by the records that wait in the mailbox, or ahead of it by the write section that final is about to end;
 * a read is answered on the shard only when both are equal. Owned by the shard; only its result router moves it.
 */
export class ShardPosition {
  zxidHi = 0;
  zxidLo = 0;
}

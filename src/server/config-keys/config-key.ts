// One row of the table of configuration keys: what its columns mean. Types only, for the files of this folder and for
// whoever reads the table; config-keys.ts puts the areas together and answers questions about names.
//
//   regime          where it comes from                 a bad value
//   strict-int      the file only                       refuses to start, exit code 2
//   strict-bool     the file only                       refuses to start, exit code 2
//   strict-text     the file only                       (any text)
//   pattern         the file only, a family of keys     refuses to start, exit code 2
//   lenient-int     the file, or -D with a prefix       silently the default; 0x10, #10 and 010 are understood
//   lenient-long    the same, 64 bits                   silently the default
//   lenient-bool    the same                            everything but "true" is false
//   decimal         the same                            refuses to start, exit code 2
//   switch          the same                            everything but the one `word` is the other position
//   text            the same                            (any text)
//   family          the same, many keys                 (any text)
//   choice          the same                            refuses to start, exit code 2 (keys of our own only)
//   count           the same, "auto" or a number        refuses to start, exit code 2 (keys of our own only)
//
// A key read leniently is the system property `zookeeper.<name>`. Where `properties` is given, those are looked up
// instead, in that order.

export type Regime =
  | 'strict-int'
  | 'strict-bool'
  | 'strict-text'
  | 'pattern'
  | 'lenient-int'
  | 'lenient-long'
  | 'lenient-bool'
  | 'decimal'
  | 'switch'
  | 'text'
  | 'family'
  | 'choice'
  | 'count';

export interface ConfigKey {
  readonly name: string;
  readonly regime: Regime;
  /** As it would be written in the file. Empty: unset. */
  readonly default: string;
  readonly unit: string;
  readonly sentence: string;
  /** Of a number: what makes sense. Beyond it the server warns, and does what the reference does; ports it refuses. */
  readonly min?: number;
  readonly max?: number;
  /** Other names the file may use: headings of ZooKeeper's guide, which are no keys of the reference's. */
  readonly aliases?: readonly string[];
  /** Understood and checked, without effect in this version: why. */
  readonly accepted?: string;
  /** Its value must never reach a log. */
  readonly secret?: true;
  /** Of a switch: the one text that moves it away from its default. */
  readonly word?: string;
  readonly properties?: readonly string[];
}

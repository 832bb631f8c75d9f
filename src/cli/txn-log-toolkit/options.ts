// What the user asked of zkTxnLogToolkit, and its help. Pure; the one place that knows the options.
// A complaint comes with the help and exit code 1, as Apache's does.
// The first lines of the help are Apache's, letter by letter; what follows them is what we do otherwise.

import { CommandLineError, type OptionSpec, parseCommandLine } from '../offline/command-line.js';

export type ToolkitRequest =
  | { readonly mode: 'help'; readonly exitCode: number; readonly complaint: string | null }
  | { readonly mode: 'dump'; readonly file: string }
  | {
      readonly mode: 'recover';
      readonly file: string;
      readonly output: string | null;
      readonly verbose: boolean;
      readonly yes: boolean;
    }
  | { readonly mode: 'chop'; readonly file: string; readonly output: string | null; readonly zxid: string }
  | { readonly mode: 'verify'; readonly paths: readonly string[] };

const OPTIONS: readonly OptionSpec[] = [
  { short: 'h', long: 'help', hasValue: false },
  { short: 'r', long: 'recover', hasValue: false },
  { short: 'v', long: 'verbose', hasValue: false },
  { short: 'd', long: 'dump', hasValue: false },
  { short: 'y', long: 'yes', hasValue: false },
  { short: 'c', long: 'chop', hasValue: false },
  { short: 'z', long: 'zxid', hasValue: true },
  { short: 'o', long: 'output', hasValue: true },
  { short: '', long: 'verify', hasValue: false },
];

export const HELP = `usage: TxnLogToolkit [-dhrvc] <txn_log_file_name> (-z <zxid>)
 -c,--chop         Chop mode. Chop txn file to a zxid.
 -d,--dump         Dump mode. Dump all entries of the log file with printing the content of a nodepath (default)
 -h,--help         Print help message
 -r,--recover      Recovery mode. Re-calculate CRC for broken entries.
 -v,--verbose      Be verbose in recovery mode: print all entries, not just fixed ones.
 -y,--yes          Non-interactive mode: repair all CRC errors without asking
 -z,--zxid <arg>   Used with chop. Zxid to which to chop.
 -o,--output <arg> Where chop and recover write to; by default chopped<zxid>-<file> or fixed-<file> beside the file.
                   (Apache's <file>.chopped<zxid> and <file>.fixed would be read as logs by a server that finds them.)
    --verify       Read a log, a snapshot, or a data directory (dataLogDir [dataDir]) as a start would, change nothing,
                   and say what is whole and what is damaged.
Exit codes: 0 done, all whole; 1 failed or damaged (Apache's chop ends with 0 even then); 2 no transaction log.
`;

const EXIT_UNEXPECTED_ERROR = 1;

export function parseToolkitOptions(words: readonly string[]): ToolkitRequest {
  const help = (exitCode: number, complaint: string | null = null): ToolkitRequest => ({
    mode: 'help',
    exitCode,
    complaint,
  });
  try {
    const { options, args } = parseCommandLine(words, OPTIONS);
    if (options.has('help')) return help(0);
    if (args.length < 1) return help(EXIT_UNEXPECTED_ERROR);
    if (options.has('verify')) return { mode: 'verify', paths: args };
    const [file] = args;
    const output = options.get('output') ?? null;
    const zxid = options.get('zxid');
    if (options.has('chop') && zxid !== undefined) return { mode: 'chop', file, output, zxid };
    if (!options.has('recover')) return { mode: 'dump', file };
    return { mode: 'recover', file, output, verbose: options.has('verbose'), yes: options.has('yes') };
  } catch (error) {
    if (error instanceof CommandLineError) return help(EXIT_UNEXPECTED_ERROR, error.message);
    throw error;
  }
}

// Where zkCli's settings of Java's client come from: -D options in CLIENT_JVMFLAGS and JVMFLAGS, and over them the
// properties file of -client-configuration. Read once, at the start. A file that cannot be read, or a setting that
// cannot be honoured, ends zkCli with the exit code for it: to connect in the clear instead would be worse.

import { readFileSync } from 'node:fs';
import { parsePropertiesFile, trimProperties } from '../../base/java-properties.js';
import { type ClientProperties, ClientPropertiesError, readClientProperties } from '../../server/client-properties.js';
import { parseJvmFlags, splitShellWords } from '../../server/jvm-flags.js';
import { CommandError, ExitCode } from './command-error.js';

export interface Environment {
  readonly CLIENT_JVMFLAGS?: string | undefined;
  readonly JVMFLAGS?: string | undefined;
}

/** file: null when none was named. Throws CommandError. */
export async function readClientConfiguration(file: string | null, env: Environment): Promise<ClientProperties> {
  const words = splitShellWords(`${env.CLIENT_JVMFLAGS ?? ''} ${env.JVMFLAGS ?? ''}`);
  const properties = new Map(parseJvmFlags(words).properties);
  if (file !== null) for (const [name, value] of readFile(file)) properties.set(name, value);
  try {
    return await readClientProperties(properties);
  } catch (error) {
    if (!(error instanceof ClientPropertiesError)) throw error;
    throw new CommandError(
      file === null ? error.message : `Error processing ${file}: ${error.message}`,
      ExitCode.BadConfiguration,
    );
  }
}

function readFile(file: string): ReadonlyMap<string, string> {
  try {
    return trimProperties(parsePropertiesFile(readFileSync(file)));
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError(`Error processing ${file}: ${message}`, ExitCode.BadConfiguration);
  }
}

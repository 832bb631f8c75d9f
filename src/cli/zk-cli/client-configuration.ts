// -client-configuration: a properties file with settings of Java's client. What of it asks for an encrypted or
// authenticated connection is refused as long as this client has neither: to connect in the clear would be worse. Other
// settings have no meaning here and are passed over.

import { readFileSync } from 'node:fs';
import { CommandError, ExitCode } from './command-error.js';

const SECURITY = /^\s*zookeeper\.(client\.secure\s*[=:\s]\s*true|sasl\.client\s*[=:\s]\s*true)\s*$/m;

/** Throws CommandError when the file cannot be read or cannot be honoured. */
export function checkClientConfiguration(file: string): void {
  let text: string;
  try {
    text = readFileSync(file, 'latin1');
  } catch (error) {
    const { message } = error as Error;
    throw new CommandError(`Error processing ${file}: ${message}`, ExitCode.BadConfiguration);
  }
  const asked = SECURITY.exec(text)?.[0].trim();
  if (asked !== undefined) {
    throw new CommandError(`Error processing ${file}: ${asked} is not supported`, ExitCode.BadConfiguration);
  }
}

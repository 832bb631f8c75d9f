#!/usr/bin/env node
// zkCli: the command line client, with the options, outputs, streams and exit codes of ZooKeeper's zkCli.sh, so that
// scripts written for it go on working. One command from the arguments, or commands from stdin. The main file: it knows
// the process and wires the parts; what a command does is in zk-cli/.
//
//   zkCli [-server host:port,…[/chroot]] [-timeout ms] [-r] [-waitforconnection] [-client-configuration file] [--json]
//         [cmd args…]

import { KeeperError, openZooKeeper } from '../client/open-zookeeper.js';
import type { ClientProperties } from '../server/client-properties.js';
import { readClientConfiguration } from './zk-cli/client-configuration.js';
import { CommandError, ExitCode } from './zk-cli/command-error.js';
import { errorText } from './zk-cli/error-text.js';
import { InteractiveSession, runPiped } from './zk-cli/interactive.js';
import { Interpreter } from './zk-cli/interpreter.js';
import { type LaunchOptions, parseLaunchOptions } from './zk-cli/launch-options.js';
import type { Terminal } from './zk-cli/terminal.js';

const NOT_CONNECTED_IN_TIME =
  'java.io.IOException: org.apache.zookeeper.KeeperException$ConnectionLossException: KeeperErrorCode = ConnectionLoss';

let interactive: InteractiveSession | null = null;

const terminal: Terminal = {
  out: (text) => {
    process.stdout.write(`${text}\n`);
    interactive?.redraw();
  },
  err: (text) => {
    process.stderr.write(`${text}\n`);
  },
  outRaw: (text) => {
    process.stdout.write(text);
  },
};

/**
 * The session is not closed unless quit or close was called: it expires, and with it the ephemerals of a one-shot create,
 * which would otherwise be gone before anyone could look at them.
 */
function exit(code: number): void {
  // What was written may still be on its way into a pipe.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

async function connect(options: LaunchOptions, properties: ClientProperties): Promise<Interpreter> {
  const { timeoutMs, canBeReadOnly } = options;
  const interpreter = new Interpreter(
    terminal,
    (server, watcher) => openZooKeeper(server, { ...properties, sessionTimeoutMs: timeoutMs, canBeReadOnly, watcher }),
    options.server,
    options.asJson,
  );
  await interpreter.connect(options.server);
  if (options.waitForConnection && !(await isConnectedInTime(interpreter, timeoutMs))) {
    await interpreter.session?.close();
    const { whyUnreachable } = await import('./zk-cli/why-unreachable.js');
    throw new CommandError([NOT_CONNECTED_IN_TIME, ...(await whyUnreachable(options.server))].join('\n'));
  }
  return interpreter;
}

async function isConnectedInTime(interpreter: Interpreter, timeoutMs: number): Promise<boolean> {
  try {
    await interpreter.session?.whenConnected({ timeoutMs });
    return true;
  } catch (error) {
    if (error instanceof KeeperError) return false;
    throw error;
  }
}

async function zkCli(argv: readonly string[]): Promise<void> {
  const options = parseLaunchOptions(argv, terminal);
  if (!options.asJson) terminal.out(`Connecting to ${options.server}`);
  const properties = await readClientConfiguration(options.clientConfiguration, process.env);
  const interpreter = await connect(options, properties);
  if (options.command !== null) {
    await interpreter.runWords(options.command);
    exit(interpreter.exitCode);
    return;
  }
  const greet = (text: string): void => (options.asJson ? undefined : terminal.out(text));
  greet('Welcome to ZooKeeper!');
  if (process.stdin.isTTY) {
    greet('JLine support is enabled');
    interactive = new InteractiveSession(interpreter, exit);
  } else {
    greet('JLine support is disabled');
    await runPiped(interpreter, process.stdin);
    exit(interpreter.exitCode);
  }
}

// Whoever read our output has seen enough (`zkCli ls -R / | head`).
process.stdout.on('error', () => process.exit(ExitCode.CommandFailed));

async function main(): Promise<void> {
  const [, program = '', ...words] = process.argv;
  const { env, execArgv } = process;
  const flags = [env.CLIENT_JVMFLAGS, env.JVMFLAGS];
  const mayAsk = env.ZK_CLIENT_HEAP !== undefined || flags.some((text) => text?.includes('-Xmx') === true);
  if (!mayAsk) return await zkCli(words);
  const { askedHeapMb, runWithHeap } = await import('./zk-cli/client-heap.js');
  const heapMb = askedHeapMb(env, execArgv);
  if (heapMb === null) return await zkCli(words);
  exit(await runWithHeap(heapMb, program, words));
}

main().catch((error: unknown) => {
  const text = errorText(error) ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  terminal.err(text);
  exit(error instanceof CommandError ? error.exitCode : ExitCode.CommandFailed);
});

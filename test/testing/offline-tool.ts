// Runs one of our offline tools inside the test: its words, its exit code and what it wrote, without a process.
// A failure that the main file would report ends here as it ends there: its message on stderr, its code.

import { type Tool, ToolFailure } from '../../src/cli/offline/tool-io.js';
import type { ToolRun } from './run-tool.js';

export function runOfflineTool(tool: Tool, args: readonly string[], input = ''): ToolRun {
  const lines = input === '' ? [] : input.replace(/\n$/, '').split('\n');
  let stdout = '';
  let stderr = '';
  const io = {
    out: (text: string) => {
      stdout += text;
    },
    err: (text: string) => {
      stderr += text;
    },
    readLine: () => lines.shift() ?? null,
  };
  try {
    const code = tool(args, io);
    return { code, stdout, stderr };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { code: error instanceof ToolFailure ? error.exitCode : 1, stdout, stderr: `${stderr}${error.message}\n` };
  }
}

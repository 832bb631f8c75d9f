/**
 * Runs a foreign program to its end with a deadline: interop clients, compilers. Never through a shell; ends only the
 * process it started, and says what the program had printed when the deadline came.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

export interface ToolRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly input?: string;
  readonly deadlineMs: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A test whose tool is missing must fail with the name of what to install, never pass by running nothing. */
export function requireTool(path: string, debianPackage: string): string {
  if (!existsSync(path)) throw new Error(`${path} is missing: apt-get install ${debianPackage}`);
  return path;
}

export function runTool(program: string, args: readonly string[], options: ToolOptions): Promise<ToolRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    let stderr = '';
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL');
    }, options.deadlineMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      if (late) reject(new Error(`${program} was not done after ${options.deadlineMs} ms\n${stdout}\n${stderr}`));
      else resolve({ code, stdout, stderr });
    });
    // A program that exits without reading its input is judged by its exit code, not by our EPIPE.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

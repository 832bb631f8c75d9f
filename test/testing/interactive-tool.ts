/**
 * A foreign program driven through its stdin, one line at a time, each answered before the next is typed. Remembers how
 * far its output has been read, so that every expectation looks only at what came after the one before.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { until, within } from './until.js';

const ANSWER_MS = 15_000;

export class InteractiveTool {
  private readonly child: ChildProcess;
  private readonly exitCode: Promise<number | null>;
  private output = '';
  private read = 0;

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    const collect = (text: string): void => {
      this.output += text;
    };
    this.child.stdout?.setEncoding('utf8').on('data', collect);
    this.child.stderr?.setEncoding('utf8').on('data', collect);
    this.exitCode = new Promise((resolve, reject) => {
      this.child.once('close', resolve);
      this.child.once('error', reject);
    });
    this.exitCode.catch(() => {});
  }

  type(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  /** Keys, exactly as given: of a tool that has a terminal. */
  press(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** Waits for the pattern in what has not been read yet, and reads up to its end. */
  async answers(pattern: RegExp): Promise<RegExpExecArray> {
    try {
      return await until(`output ${pattern}`, ANSWER_MS, () => {
        const match = pattern.exec(this.output.slice(this.read));
        if (match === null) return undefined;
        this.read += match.index + match[0].length;
        return match;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}; unread output:\n${this.output.slice(this.read)}`);
    }
  }

  async exits(): Promise<number | null> {
    return await within('the tool to exit', ANSWER_MS, this.exitCode);
  }

  kill(): void {
    this.child.kill('SIGKILL');
  }
}

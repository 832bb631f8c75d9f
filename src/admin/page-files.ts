// The page in the browser: a few files of this package, served at `/` and below `/page/`; our own addition, where Apache's server
// has nothing (threadkeeper.admin.page switches it off). Main thread; read from the package once when first asked for, never from
// anywhere else: a name has no slashes, and its folder goes by its ending.
//
//   /              src/page/index.html, told where the commands are
//   /page/x.css    page/x.css             /page/x.js    dist/src/page/x.js, what the compiler made of src/page/x.ts
//
// The headers let the page run its own scripts and talk to this server, and nothing else.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface PageFile {
  readonly contentType: string;
  readonly bytes: Buffer;
}

export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; " +
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
};

const PAGE_PREFIX = '/page/';
const INDEX = 'index.html';
/** What index.html has in the place of the path of the commands. */
const COMMANDS_MARK = 'COMMAND_URL';
const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*\.(css|js|svg)$/;
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

export function isPagePath(path: string): boolean {
  return path === '/' || path.startsWith(PAGE_PREFIX);
}

export class PageFiles {
  private readonly packageRoot: string;
  private readonly commandUrl: string;
  private readonly files = new Map<string, PageFile>();

  constructor(packageRoot: string, commandUrl: string) {
    this.packageRoot = packageRoot;
    this.commandUrl = commandUrl;
  }

  /** Null: there is no such file. */
  async find(path: string): Promise<PageFile | null> {
    const known = this.files.get(path);
    if (known !== undefined) return known;
    const file = path === '/' ? await this.index() : await this.file(path.slice(PAGE_PREFIX.length));
    if (file !== null) this.files.set(path, file);
    return file;
  }

  private async index(): Promise<PageFile> {
    const text = await readFile(join(this.packageRoot, 'src/page', INDEX), 'utf8');
    // Relative, so that a proxy may put all of it below another path.
    const url = escaped(`.${this.commandUrl}`);
    return { contentType: 'text/html; charset=utf-8', bytes: Buffer.from(text.replace(COMMANDS_MARK, () => url)) };
  }

  private async file(name: string): Promise<PageFile | null> {
    const ending = NAME.exec(name)?.[1];
    if (ending === undefined) return null;
    const folder = ending === 'js' ? 'dist/src/page' : 'src/page';
    try {
      const bytes = await readFile(join(this.packageRoot, folder, name));
      return { contentType: CONTENT_TYPES[ending] as string, bytes };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

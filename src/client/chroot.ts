// A chroot makes a subtree look like the whole tree: it is put in front of every path that leaves and taken off every
// path that arrives. One per client, immutable. Paths of events that lie outside (the server's own /zookeeper nodes)
// pass unchanged. Must never see a path that was not validated first.

export class Chroot {
  /** '' when there is none, else '/a/b' without a slash at the end. */
  readonly prefix: string;

  constructor(path: string | null) {
    this.prefix = path === null || path === '/' ? '' : path;
  }

  toServer(path: string): string {
    if (this.prefix === '') return path;
    return path === '/' ? this.prefix : this.prefix + path;
  }

  toClient(serverPath: string): string {
    const prefix = this.prefix;
    if (prefix === '' || !serverPath.startsWith(prefix)) return serverPath;
    if (serverPath.length === prefix.length) return '/';
    // '/app' must not bite into '/apple'
    return serverPath[prefix.length] === '/' ? serverPath.slice(prefix.length) : serverPath;
  }
}

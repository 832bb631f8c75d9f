// A chroot makes a subtree look like the whole tree: it is put in front of every path that leaves and taken off every
// path that arrives. One per client, immutable. Paths of events that lie outside (the server's own /zookeeper nodes)
// pass unchanged. Must never see a path that was not validated first.

export class Chroot {
  /** '' when there is none, else '/a/b' without a slash at the end. */
  readonly prefix: string;

  constructor(path: string | null) {
    this.prefix = path === null || path === '/' ? '' : path;
  }

  /** The chroot of a view below this one. */
  below(path: string): Chroot {
    return new Chroot(this.toServer(path));
  }

  /** Inside, or the chroot itself: '/app' must not bite into '/apple'. */
  holds(serverPath: string): boolean {
    const { prefix } = this;
    return serverPath.startsWith(prefix) && (serverPath.length === prefix.length || serverPath[prefix.length] === '/');
  }

  toServer(path: string): string {
    if (this.prefix === '') return path;
    return path === '/' ? this.prefix : this.prefix + path;
  }

  toClient(serverPath: string): string {
    const { prefix } = this;
    if (prefix === '' || !this.holds(serverPath)) return serverPath;
    return serverPath.length === prefix.length ? '/' : serverPath.slice(prefix.length);
  }
}

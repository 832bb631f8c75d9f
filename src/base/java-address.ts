// Addresses written as Java writes them, because tools parse the text and operators search for it. Pure functions for
// log lines and every admin surface, on any thread.
// Nothing here may be used to read anything back.

/**
 * InetSocketAddress.toString of an address without a name: `/127.0.0.1:2181`, `/[0:0:0:0:0:0:0:1]:2181`. An IPv4
 * address that came in through an IPv6 socket is an IPv4 address.
 */
export function javaSocketAddress(address: string, port: number): string {
  return address.includes(':') && !MAPPED_IPV4.test(address)
    ? `/[${javaInetAddress(address)}]:${port}`
    : `/${javaInetAddress(address)}:${port}`;
}

/** InetAddress.getHostAddress: eight groups without zeros in front, a zone kept. */
export function javaInetAddress(address: string): string {
  const mapped = MAPPED_IPV4.exec(address);
  if (mapped !== null) return mapped[1];
  if (!address.includes(':')) return address;
  const [bare, zone] = address.split('%', 2);
  const [left, right] = bare.split('::', 2);
  const leftGroups = groupsOf(left);
  const rightGroups = right === undefined ? [] : groupsOf(right);
  const zeros = right === undefined ? 0 : 8 - leftGroups.length - rightGroups.length;
  const groups = [...leftGroups, ...new Array<string>(Math.max(0, zeros)).fill('0'), ...rightGroups];
  return groups.join(':') + (zone === undefined ? '' : `%${zone}`);
}

const MAPPED_IPV4 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

function groupsOf(text: string): string[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16).toString(16)];
    const [a, b, c, d] = group.split('.').map(Number);
    return [(a * 256 + b).toString(16), (c * 256 + d).toString(16)];
  });
}

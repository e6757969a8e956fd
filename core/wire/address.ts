/**
 * A peer's address as Node prints it. I/O threads, once per connection.
 */

/**
 * @param bytes 4 bytes of IPv4 or 16 of IPv6
 * @returns dotted quad; RFC 5952 text for IPv6, with a mapped IPv4 address dotted as in `::ffff:127.0.0.1`; empty for
 *   any other length (a Unix socket has no address)
 */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const mapped = bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
  if (mapped) return `::ffff:${bytes.subarray(12).join('.')}`;
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i] << 8) | bytes[i + 1]).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1); // URLs are printed in the short form
}

const IPV6_GROUPS = 8;
/** Groups of an IPv6 address that name the network of one client; it may give itself any address in it. */
const NETWORK_GROUPS = 4;

/** Who counts as one client: the IPv4 address, the first 64 bits of an IPv6 address. @param address as Node prints it */
export function clientNetwork(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address; // IPv4, a mapped one too
  const [front, behind] = address.split('::').map((text) => (text === '' ? [] : text.split(':')));
  const left = behind === undefined ? 0 : IPV6_GROUPS - front.length - behind.length;
  const groups = [...front, ...new Array<string>(left).fill('0'), ...(behind ?? [])];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

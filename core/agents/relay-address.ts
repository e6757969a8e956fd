/**
 * How the relay on the app thread and the I/O threads find and trust each other. Pure.
 */

/** Address, port and whether TLS was used, of the client behind a relayed request. Believed on private sockets only. */
export const RELAY_HEADER = 'x-broadside-client';

/** Private socket of an I/O thread. The folder is only this user's (mode 0700). */
export const relaySocketPath = (folder: string, ioThread: number): string => `${folder}/${ioThread}`;

export interface RelayedClient {
  readonly address: string;
  readonly port: number | undefined;
  readonly secure: boolean;
}

export function parseRelayedClient(value: string): RelayedClient {
  const [address = '', port = '', secure = ''] = value.split(' ');
  return { address, port: Number(port) || undefined, secure: secure === '1' };
}

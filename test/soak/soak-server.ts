/**
 * A server, client hosts and a driver, put together and taken apart. The soak tests run it.
 */
import { ClientHost } from '../support/child.ts';
import { Random } from '../support/random.ts';
import { createServer, type ServerSettings, type TestServer } from '../support/server.ts';
import { Driver } from './driver.ts';
import type { HostReport, HostRequest } from './protocol.ts';

const CLIENT_HOSTS = 2;
const ROOMS = 50;

/** BROADSIDE_SOAK=long multiplies the work of every soak test. */
export const soakFactor = process.env.BROADSIDE_SOAK === 'long' ? 20 : 1;

export interface Soak {
  readonly server: TestServer;
  readonly driver: Driver;
}

/** Runs `body` with a server and a driver whose first `clients` clients have connected. */
export async function withSoak(
  settings: ServerSettings,
  clients: number,
  body: (soak: Soak) => Promise<void>,
): Promise<void> {
  const server = await createServer(settings);
  const hosts = Array.from(
    { length: CLIENT_HOSTS },
    () => new ClientHost<HostRequest, HostReport>(new URL('client-host.ts', import.meta.url)),
  );
  try {
    const driver = new Driver(server.io, server.port, hosts, new Random(), ROOMS);
    driver.addClients(clients);
    await driver.settle();
    await body({ server, driver });
  } finally {
    await Promise.all(hosts.map((host) => host.close()));
    await server.close();
  }
}

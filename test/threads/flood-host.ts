/**
 * A child process whose clients send numbered events as fast as they can, so that an app thread that does not read finds
 * its queues full.
 */
import { serveHost } from '../support/child.ts';
import { LeanClient } from '../support/lean-client.ts';

export interface FloodRequest {
  readonly port: number;
  readonly clients: number;
  /** Events that each client sends once it is connected, `["m", 1, filler]` and up. */
  readonly events: number;
  /** Characters of the filler. */
  readonly characters: number;
}

/** Resolves with the number of clients when all have written their events or are gone. */
async function flood({ port, clients, events, characters }: FloodRequest): Promise<number> {
  const filler = 'f'.repeat(characters);
  const connect = (): Promise<void> =>
    new Promise((resolve) => {
      const client = new LeanClient({
        port,
        onPacket: (text) => {
          if (!text.startsWith('0')) return;
          for (let n = 1; n <= events; n++) client.sendPacket(`2["m",${n},"${filler}"]`);
          resolve();
        },
        onClose: resolve,
      });
    });
  await Promise.all(Array.from({ length: clients }, connect));
  return clients;
}

serveHost<FloodRequest, number>(flood);

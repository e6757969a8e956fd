/**
 * The lanes between I/O threads: made by the app thread, which then has no part in them.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

/** A lane between every two I/O threads: row i holds the ports of thread i. */
export function laneMatrix(ioThreads: number): (MessagePort | undefined)[][] {
  const rows = Array.from({ length: ioThreads }, () => new Array<MessagePort | undefined>(ioThreads).fill(undefined));
  for (let i = 0; i < ioThreads; i++) {
    for (let j = i + 1; j < ioThreads; j++) {
      const { port1, port2 } = new MessageChannel();
      rows[i][j] = port1;
      rows[j][i] = port2;
    }
  }
  return rows;
}

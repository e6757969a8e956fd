/**
 * Runs the same tests for every number of I/O threads, one server per number. Test processes run it.
 */
import { after, before, describe, it, type TestContext } from 'node:test';
import { type Generation, generations } from './clients.ts';
import { createServer, reference, type ServerSettings, type TestServer } from './server.ts';

const threadCounts: readonly number[] = reference ? [1] : [1, 2, 4];

/** The server of the running test, filled in before the first one. */
export type ServerOf = () => TestServer;

/** Declares `tests` once per number of I/O threads. */
export function forEveryThreadCount(title: string, settings: ServerSettings, tests: (server: ServerOf) => void): void {
  for (const ioThreads of threadCounts) {
    describe(`${title}, I/O threads: ${ioThreads}`, () => {
      let server: TestServer;
      before(async () => {
        server = await createServer({ ...settings, ioThreads });
      });
      after(() => server.close());
      tests(() => server);
    });
  }
}

/** Declares one test per generation of the client. */
export function forEveryClient(name: string, test: (t: TestContext, generation: Generation) => Promise<void>): void {
  for (const generation of generations)
    it(`${name} (client ${generation}.x)`, (t) => test(t as TestContext, generation));
}

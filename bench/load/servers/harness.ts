/**
 * The common frame of every server under test: IPC, memory and CPU figures, the emit driver. Runs on the server's
 * app thread. A server file supplies only how to listen, how to emit to all, and how to close.
 */
import { type Drive, type Goal, report, type ServerCommand } from '../messages.ts';
import { EmitDriver } from './emit-driver.ts';

export interface ServerUnderTest {
  /** On 127.0.0.1, accepting. */
  port: number;
  /** Sends one event with `text` to every client. */
  emit(text: string): void;
  close(): void | Promise<void>;
}

class Harness {
  readonly #server: ServerUnderTest;
  readonly #driver: EmitDriver;
  #cpuAtRun = process.cpuUsage();
  #loopAtRun = performance.eventLoopUtilization();

  constructor(server: ServerUnderTest) {
    this.#server = server;
    this.#driver = new EmitDriver((text) => server.emit(text));
  }

  async obey(command: ServerCommand): Promise<void> {
    switch (command.kind) {
      case 'memory':
        globalThis.gc?.();
        report({ kind: 'memory', rssBytes: process.memoryUsage.rss() });
        return;
      case 'run':
        await this.#run(command.drive, command.goal, command.payloadBytes);
        return;
      case 'progress':
        this.#driver.progress(command.slowest);
        return;
      case 'collect':
        this.#collect();
        return;
      case 'stop':
        await this.#server.close();
        process.disconnect();
        return;
    }
  }

  async #run(drive: Drive, goal: Goal, payloadBytes: number): Promise<void> {
    this.#cpuAtRun = process.cpuUsage();
    this.#loopAtRun = performance.eventLoopUtilization();
    report({ kind: 'emitted', ...(await this.#driver.run(drive, goal, payloadBytes)) });
  }

  #collect(): void {
    const cpu = process.cpuUsage(this.#cpuAtRun);
    report({
      kind: 'usage',
      cpuUserMicros: cpu.user,
      cpuSystemMicros: cpu.system,
      rssBytes: process.memoryUsage.rss(),
      loopActiveMicros: performance.eventLoopUtilization(this.#loopAtRun).active * 1e3,
    });
  }
}

/** Starts the server and serves the orchestrator until it says stop or is gone. */
export async function serve(start: () => ServerUnderTest | Promise<ServerUnderTest>): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  const fail = (error: unknown): void => {
    report({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  };
  try {
    const server = await start();
    const harness = new Harness(server);
    process.on('message', (command: ServerCommand) => void harness.obey(command).catch(fail));
    report({ kind: 'ready', port: server.port });
  } catch (error) {
    fail(error);
  }
}

/**
 * The common frame of every server under test: IPC, memory and CPU figures, the emit driver, churn. Runs on the server's
 * app thread. A server file supplies only how to listen, how to emit, and how to close.
 */
import { type Address, Audience } from '../audience.ts';
import { monotonicMicros } from '../clock.ts';
import { type ChurnPlan, type Drive, type Goal, report, type ServerCommand, type Workload } from '../messages.ts';
import type { EventPayload } from '../payload.ts';
import { appCpuMicros } from './app-cpu.ts';
import { churn, type Member } from './churn.ts';
import { collectGarbage } from './collect-garbage.ts';
import { EmitDriver } from './emit-driver.ts';

/** Memory that falls by less than this share has not fallen. */
const STEADY_SHARE = 0.003;
const MAX_SETTLE_MILLIS = 55_000;
const SETTLE_POLL_MILLIS = 250;
/** A thread of V8 gives the pages back that a collection has freed. */
const GIVEN_BACK_MILLIS = 3_000;

export interface ServerUnderTest {
  /** On 127.0.0.1, accepting. */
  port: number;
  emit(event: EventPayload, address: Address): void;
  close(): void | Promise<void>;
  /** For servers with rooms: members by name of the room. */
  sizeOf?(room: string): number;
}

/** What a server file gets to know before it starts. */
export interface ServerContext {
  readonly audience: Audience;
  /** To be called for each client that has connected; `member` where there are rooms. */
  onConnection(member?: Member): void;
  /** To be called for each that has left, where that is known. */
  onLeft(): void;
}

class Harness {
  readonly #server: ServerUnderTest;
  readonly #connections: Connections;
  readonly #driver: EmitDriver;
  #cpuAtMark = process.cpuUsage();
  #appCpuAtMark = appCpuMicros();
  #loopAtMark = performance.eventLoopUtilization();

  constructor(server: ServerUnderTest, workload: Workload, audience: Audience, connections: Connections) {
    this.#server = server;
    this.#connections = connections;
    this.#driver = new EmitDriver(workload, audience, (event, address) => server.emit(event, address));
  }

  async obey(command: ServerCommand): Promise<void> {
    switch (command.kind) {
      case 'memory':
        await settle(command.steadyMillis); // first: V8 thinks of shrinking only when it has not just collected
        if (command.steadyMillis > 0) await collectGarbage();
        else globalThis.gc?.();
        await settle(Math.min(command.steadyMillis, GIVEN_BACK_MILLIS));
        report({ kind: 'memory', rssBytes: process.memoryUsage.rss() });
        return;
      case 'connections':
        report({ kind: 'connections', ...this.#connections.tally });
        return;
      case 'mark':
        this.#mark();
        return;
      case 'heat':
        await this.#driver.heat(command.emits);
        report({ kind: 'heated' });
        return;
      case 'run':
        await this.#run(command.drive, command.goal);
        return;
      case 'churn':
        await this.#churn(command.plan);
        return;
      case 'progress':
        this.#driver.progress(command.seen);
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

  async #run(drive: Drive, goal: Goal): Promise<void> {
    report({ kind: 'emitted', ...(await this.#driver.run(drive, goal)) });
  }

  async #churn(plan: ChurnPlan): Promise<void> {
    const { sizeOf } = this.#server;
    if (sizeOf === undefined) throw new Error('this server has no rooms');
    report({ kind: 'churned', ...(await churn(plan, this.#connections.members, sizeOf)) });
  }

  #mark(): void {
    this.#cpuAtMark = process.cpuUsage();
    this.#appCpuAtMark = appCpuMicros();
    this.#loopAtMark = performance.eventLoopUtilization();
    report({ kind: 'marked' });
  }

  #collect(): void {
    const cpu = process.cpuUsage(this.#cpuAtMark);
    const appCpu = appCpuMicros();
    report({
      kind: 'usage',
      cpuUserMicros: cpu.user,
      cpuSystemMicros: cpu.system,
      ...(appCpu === undefined || this.#appCpuAtMark === undefined
        ? {}
        : { appCpuMicros: appCpu - this.#appCpuAtMark }),
      loopActiveMicros: performance.eventLoopUtilization(this.#loopAtMark).active * 1e3,
    });
  }
}

/** Resolves when memory has stopped falling. */
async function settle(steadyMillis: number): Promise<void> {
  const started = performance.now();
  let least = process.memoryUsage.rss();
  let leastAt = started;
  while (performance.now() - leastAt < steadyMillis && performance.now() - started < MAX_SETTLE_MILLIS) {
    await new Promise((resolve) => setTimeout(resolve, SETTLE_POLL_MILLIS));
    const now = process.memoryUsage.rss();
    if (now >= least * (1 - STEADY_SHARE)) continue;
    least = now;
    leastAt = performance.now();
  }
}

class Connections {
  readonly tally = { count: 0, lastMicros: 0, open: 0 };
  readonly members: Member[] = [];

  add(member: Member | undefined): void {
    this.tally.count++;
    this.tally.open++;
    this.tally.lastMicros = monotonicMicros();
    if (member !== undefined) this.members.push(member);
  }

  /** Clients leave all together; none is kept longer than it is there. */
  remove(): void {
    this.tally.open--;
    if (this.tally.open === 0) this.members.length = 0;
  }
}

/** Starts the server and serves the orchestrator until it says stop or is gone. */
export async function serve(
  start: (context: ServerContext) => ServerUnderTest | Promise<ServerUnderTest>,
): Promise<void> {
  process.on('disconnect', () => process.exit(0));
  const fail = (error: unknown): void => {
    report({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  };
  try {
    const workload = JSON.parse(process.argv[2]) as Workload;
    const audience = new Audience(workload.audience, workload.clients);
    const connections = new Connections();
    const server = await start({
      audience,
      onConnection: (member) => connections.add(member),
      onLeft: () => connections.remove(),
    });
    const harness = new Harness(server, workload, audience, connections);
    process.on('message', (command: ServerCommand) => void harness.obey(command).catch(fail));
    report({ kind: 'ready', port: server.port });
  } catch (error) {
    fail(error);
  }
}

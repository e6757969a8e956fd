/**
 * The load generator: all clients of a bench in one process, so that their cost never counts for a server.
 * Started by run.ts; does what it is told over IPC and reports how far its slowest client is.
 */
import { type ClientFleet, RawClient } from './clients/raw-client.ts';
import { SequenceTally } from './clients/sequence-tally.ts';
import { monotonicMicros } from './clock.ts';
import { Histogram } from './histogram.ts';
import { type Dialect, type GeneratorCommand, report } from './messages.ts';
import { wireBytes } from './payload.ts';

/** Connections that may be under way at once: below any listen backlog. */
const CONNECTING_AT_ONCE = 100;
const PROGRESS_EVERY_MICROS = 5_000;
/** With nothing arriving for so long, what is missing is lost. */
const STALL_MICROS = 5_000_000;

class Generator implements ClientFleet {
  readonly port: number;
  readonly dialect: Dialect;
  readonly eventBytes: number;
  readonly tally: SequenceTally;
  readonly latency = new Histogram();
  readonly #clients: RawClient[] = [];
  readonly #wanted: number;
  /** For quiet times; while sockets are busy `onRead` is ahead of it, as one turn of the loop can take 30 ms. */
  readonly #ticker: NodeJS.Timeout;
  #joined = 0;
  #lastReadMicros = 0;
  #lookedAtMicros = 0;
  #reported = 0;
  #finishAt: number | undefined;
  #beganMicros = 0;
  #cpuAtBegin = process.cpuUsage();
  #loopAtBegin = performance.eventLoopUtilization();

  constructor(command: GeneratorCommand & { kind: 'connect' }) {
    this.port = command.port;
    this.dialect = command.dialect;
    this.eventBytes = wireBytes(command.payloadBytes);
    this.tally = new SequenceTally(command.clients);
    this.#wanted = command.clients;
    while (this.#clients.length < Math.min(this.#wanted, CONNECTING_AT_ONCE)) this.#connectOne();
    this.#ticker = setInterval(() => this.#look(monotonicMicros()), PROGRESS_EVERY_MICROS / 1e3);
  }

  onJoined(): void {
    this.#joined++;
    if (this.#clients.length < this.#wanted) this.#connectOne();
    if (this.#joined === this.#wanted) report({ kind: 'connected' });
  }

  onFailed(reason: string): void {
    report({ kind: 'failed', message: reason });
  }

  onRead(): void {
    this.#lastReadMicros = monotonicMicros();
    if (this.#lastReadMicros - this.#lookedAtMicros >= PROGRESS_EVERY_MICROS) this.#look(this.#lastReadMicros);
  }

  begin(): void {
    this.tally.beginMeasuring();
    this.latency.reset();
    this.#beganMicros = monotonicMicros();
    this.#cpuAtBegin = process.cpuUsage();
    this.#loopAtBegin = performance.eventLoopUtilization();
    report({ kind: 'begun' });
  }

  finish(last: number): void {
    this.#finishAt = last;
  }

  stop(): void {
    clearInterval(this.#ticker);
    for (const client of this.#clients) client.destroy();
  }

  #connectOne(): void {
    this.#clients.push(new RawClient(this.#clients.length, this));
  }

  #look(nowMicros: number): void {
    this.#lookedAtMicros = nowMicros;
    const slowest = this.tally.slowest;
    if (slowest !== this.#reported) {
      this.#reported = slowest;
      report({ kind: 'progress', slowest });
    }
    const last = this.#finishAt;
    if (last === undefined) return;
    if (slowest >= last || nowMicros - this.#lastReadMicros > STALL_MICROS) this.#close(last, nowMicros);
  }

  #close(last: number, nowMicros: number): void {
    this.#finishAt = undefined;
    this.tally.close(last);
    const cpu = process.cpuUsage(this.#cpuAtBegin);
    const cpuShare = (cpu.user + cpu.system) / (nowMicros - this.#beganMicros);
    const { utilization } = performance.eventLoopUtilization(this.#loopAtBegin);
    report({
      kind: 'tally',
      ...this.tally.faults,
      deliveries: this.tally.deliveries,
      lastDeliveryMicros: this.#lastReadMicros,
      latencySamples: this.latency.total,
      latencyP50Micros: this.latency.quantile(0.5),
      latencyP99Micros: this.latency.quantile(0.99),
      generatorCpuShare: cpuShare,
      // The loop's own figure came out below the CPU it used (0.25 for 0.46) with 15,000 busy sockets.
      generatorBusyShare: Math.max(utilization, Math.min(1, cpuShare)),
    });
  }
}

let generator: Generator | undefined;

function obey(command: GeneratorCommand): void {
  switch (command.kind) {
    case 'connect':
      generator = new Generator(command);
      return;
    case 'begin':
      generator?.begin();
      return;
    case 'finish':
      generator?.finish(command.last);
      return;
    case 'stop':
      generator?.stop();
      process.disconnect();
      return;
  }
}

process.on('message', obey);
// The orchestrator is gone, or has said stop: nobody else would end this process.
process.on('disconnect', () => process.exit(0));
report({ kind: 'ready' });

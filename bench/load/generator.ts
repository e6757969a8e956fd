/**
 * The load generator: all clients of a bench in one process, so that their cost never counts for a server.
 * Started by run.ts; does what it is told over IPC and reports how far its slowest client is.
 */
import { Audience } from './audience.ts';
import { ArrivalTimes } from './clients/arrival-times.ts';
import { type ClientFleet, RawClient } from './clients/raw-client.ts';
import { SequenceTally } from './clients/sequence-tally.ts';
import { monotonicMicros } from './clock.ts';
import { type Dialect, type GeneratorCommand, type GeneratorLoad, type Latency, report } from './messages.ts';
import { type WireForm, wireForm } from './payload.ts';

/** Connections that may be under way at once: below any listen backlog. */
const CONNECTING_AT_ONCE = 100;
const PROGRESS_EVERY_MICROS = 5_000;
/** With nothing arriving for so long, what is missing is lost. */
const STALL_MICROS = 5_000_000;
/** Shorter than any server's patience with a silent client of Engine.IO 3. */
const PING_EVERY_MILLIS = 15_000;

class Generator implements ClientFleet {
  readonly port: number;
  readonly dialect: Dialect;
  readonly tally: SequenceTally;
  readonly wire: WireForm;
  readonly #receivers: number;
  readonly #clients: RawClient[] = [];
  readonly #wanted: number;
  /** For quiet times; while sockets are busy `onRead` is ahead of it, as one turn of the loop can take 30 ms. */
  readonly #ticker: NodeJS.Timeout;
  readonly #pinger: NodeJS.Timeout | undefined;
  times: ArrivalTimes;
  #joined = 0;
  #lastReadMicros = 0;
  #lookedAtMicros = 0;
  #reported = 0;
  #finishAt: readonly number[] | undefined;
  #questions: Questions | undefined;
  #beganMicros = monotonicMicros();
  #cpuAtBegin = process.cpuUsage();
  #loopAtBegin = performance.eventLoopUtilization();

  constructor(command: GeneratorCommand & { kind: 'connect' }) {
    const { workload } = command;
    const audience = new Audience(workload.audience, workload.clients);
    this.port = command.port;
    this.dialect = command.dialect;
    this.wire = wireForm(workload.form, workload.payloadBytes);
    this.tally = new SequenceTally(audience);
    this.#receivers = command.timing === 'last' ? audience.sizes[0] : 0;
    this.times = new ArrivalTimes(this.#receivers);
    this.#wanted = workload.clients;
    while (this.#clients.length < Math.min(this.#wanted, CONNECTING_AT_ONCE)) this.#connectOne();
    this.#ticker = setInterval(() => this.#look(monotonicMicros()), PROGRESS_EVERY_MICROS / 1e3);
    if (this.dialect !== 'socketio-2') return;
    this.#pinger = setInterval(() => {
      for (const client of this.#clients) client.ping();
    }, PING_EVERY_MILLIS);
  }

  onJoined(): void {
    this.#joined++;
    if (this.#clients.length < this.#wanted) this.#connectOne();
    if (this.#joined < this.#wanted) return;
    const busyShare = this.#load(monotonicMicros()).generatorBusyShare;
    report({ kind: 'connected', startMicros: this.#beganMicros, busyShare });
  }

  onFailed(reason: string): void {
    report({ kind: 'failed', message: reason });
  }

  onRead(): void {
    this.#lastReadMicros = monotonicMicros();
    if (this.#lastReadMicros - this.#lookedAtMicros >= PROGRESS_EVERY_MICROS) this.#look(this.#lastReadMicros);
  }

  onAnswer(client: RawClient, right: boolean): void {
    if (this.#questions?.answered(client, right) === false) this.#closeQuestions();
  }

  begin(): void {
    this.tally.beginMeasuring();
    this.times.histogram.reset();
    this.#beganMicros = monotonicMicros();
    this.#cpuAtBegin = process.cpuUsage();
    this.#loopAtBegin = performance.eventLoopUtilization();
    report({ kind: 'begun' });
  }

  ask(millis: number): void {
    this.#questions = new Questions(this.#clients.length, millis, this.times);
    for (const client of this.#clients) this.#questions.ask(client);
  }

  finish(counts: readonly number[]): void {
    this.#finishAt = counts;
  }

  stop(): void {
    clearInterval(this.#ticker);
    clearInterval(this.#pinger);
    for (const client of this.#clients) client.destroy();
  }

  #connectOne(): void {
    this.#clients.push(new RawClient(this.#clients.length, this));
  }

  #look(nowMicros: number): void {
    this.#lookedAtMicros = nowMicros;
    const { seen } = this.tally;
    if (seen !== this.#reported) {
      this.#reported = seen;
      report({ kind: 'progress', seen });
    }
    const stalled = nowMicros - this.#lastReadMicros > STALL_MICROS;
    if (stalled && this.#questions !== undefined) this.#closeQuestions();
    const counts = this.#finishAt;
    if (counts !== undefined && (stalled || this.tally.isComplete(counts))) this.#close(counts, nowMicros);
  }

  #close(counts: readonly number[], nowMicros: number): void {
    this.#finishAt = undefined;
    this.tally.close(counts);
    report({
      kind: 'tally',
      ...this.tally.faults,
      ...this.#latency(),
      ...this.#load(nowMicros),
      deliveries: this.tally.measured,
      lastDeliveryMicros: this.#lastReadMicros,
    });
  }

  #closeQuestions(): void {
    const questions = this.#questions as Questions;
    this.#questions = undefined;
    report({
      kind: 'answers',
      ...this.tally.faults,
      ...this.#latency(),
      ...this.#load(monotonicMicros()),
      lost: questions.open,
      malformed: this.tally.malformed + questions.wrong,
      answers: questions.answers,
      seconds: questions.seconds,
    });
  }

  #latency(): Latency {
    const { histogram } = this.times;
    return {
      latencySamples: histogram.total,
      latencyP50Micros: histogram.quantile(0.5),
      latencyP99Micros: histogram.quantile(0.99),
      latencyP999Micros: histogram.quantile(0.999),
    };
  }

  #load(nowMicros: number): GeneratorLoad {
    const cpu = process.cpuUsage(this.#cpuAtBegin);
    const generatorCpuShare = (cpu.user + cpu.system) / (nowMicros - this.#beganMicros);
    const { utilization } = performance.eventLoopUtilization(this.#loopAtBegin);
    // The loop's own figure came out below the CPU it used (0.25 for 0.46) with 15,000 busy sockets.
    return { generatorCpuShare, generatorBusyShare: Math.max(utilization, Math.min(1, generatorCpuShare)) };
  }
}

/** One round of questions: each client has one in flight until the time is over. */
class Questions {
  readonly #times: ArrivalTimes;
  readonly #askedMicros = new Map<RawClient, number>();
  readonly #startMicros = monotonicMicros();
  readonly #endMicros: number;
  #lastMicros = 0;
  /** Not answered yet. */
  open: number;
  answers = 0;
  wrong = 0;

  constructor(clients: number, millis: number, times: ArrivalTimes) {
    this.open = clients;
    this.#times = times;
    this.#endMicros = this.#startMicros + millis * 1e3;
  }

  get seconds(): number {
    return (this.#lastMicros - this.#startMicros) / 1e6;
  }

  ask(client: RawClient): void {
    this.#askedMicros.set(client, monotonicMicros());
    client.ask();
  }

  /** False when this was the last answer of all. */
  answered(client: RawClient, right: boolean): boolean {
    this.#lastMicros = monotonicMicros();
    this.answers++;
    if (!right) this.wrong++;
    this.#times.record(this.#askedMicros.get(client) ?? 0);
    if (this.#lastMicros < this.#endMicros) this.ask(client);
    else this.open--;
    return this.open > 0;
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
    case 'leave':
      generator?.stop();
      generator = undefined;
      report({ kind: 'left' });
      return;
    case 'ask':
      generator?.ask(command.millis);
      return;
    case 'finish':
      generator?.finish(command.counts);
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

/**
 * One run of one scenario on one server: start both processes, connect, warm up, drive, drain, count. Orchestrator.
 * The clock runs from the first emit to the last delivery, so what lies in queues is paid for.
 */
import type { Figures } from './figures.ts';
import { startGenerator } from './generator-process.ts';
import { machineRest } from './machine-rest.ts';
import type {
  Answers,
  Emitted,
  Faults,
  Latency,
  PacedDrive,
  ServerCommand,
  ServerReport,
  ServerUsage,
  Tally,
} from './messages.ts';
import { CLEAN_EXIT, forkPeer, PeerProcess } from './peer-process.ts';
import type { Contender } from './roster.ts';
import type { AskScenario, ChurnScenario, DeliveryScenario, Phase, Scenario } from './scenario.ts';

const READY_MILLIS = 30_000;
const CONNECT_MILLIS = 90_000;
const ANSWER_MILLIS = 20_000;
const SETTLE_MILLIS = 60_000;
const LEAVE_POLL_MILLIS = 20;
/** Linux takes the port of a closed connection for a new one after a second; until then it searches among few. */
const PORT_REST_MILLIS = 1_100;
/** A drive, and its draining; a server that needs longer is broken or the scenario too large for it. */
const DRIVE_MILLIS = 180_000;

/**
 * The generator set the pace when it was never idle and the server was held at the in-flight bound meanwhile. Busy
 * alone is not enough: with one small read per delivery it is busy all the time and still keeps up.
 */
const BOTTLENECK_BUSY_SHARE = 0.95;
const BOTTLENECK_HELD_SHARE = 0.1;

export interface Run {
  readonly figures: Figures;
  readonly faults: Faults;
  readonly generatorWasBottleneck: boolean;
  /** How the server's process ended when asked to. */
  readonly exit: string;
}

type Measured = Omit<Run, 'exit'>;

/** The server never got as far as accepting connections. */
export class CannotStartError extends Error {
  override name = 'CannotStartError';
}

/** Rejects with CannotStartError, or with the reason why the run broke off. Leaves no process behind. */
export async function measure(contender: Contender, scenario: Scenario, nodeArgs: readonly string[]): Promise<Run> {
  const { clients, audience, form, payloadBytes } = scenario;
  const workload = JSON.stringify({ clients, audience, form, payloadBytes });
  const file = new URL(`./servers/${contender.file}`, import.meta.url);
  const server: ServerPeer = new PeerProcess(
    contender.name,
    forkPeer(file, { args: [workload], env: contender.env, nodeArgs }),
  );
  const generator = startGenerator();
  const stopBoth = async (): Promise<string> => {
    await generator.stop({ kind: 'stop' });
    return server.stop({ kind: 'stop' });
  };
  try {
    const ready = generator.next('ready', READY_MILLIS);
    const port = await server.next('ready', READY_MILLIS).then(
      (report) => report.port,
      (error: Error) => Promise.reject(new CannotStartError(error.message)),
    );
    await ready;
    const run = await new Session(server, generator, contender, scenario).run(port);
    return { ...run, exit: await stopBoth() };
  } catch (error) {
    // Clients whose connections broke tell first; if the server died, that is the cause.
    if ((await stopBoth()) !== CLEAN_EXIT && !(error instanceof CannotStartError)) await server.failure;
    throw error;
  }
}

type ServerPeer = PeerProcess<ServerCommand, ServerReport>;
type GeneratorPeer = ReturnType<typeof startGenerator>;

/** The conversation between a started server and a started generator. */
class Session {
  readonly #server: ServerPeer;
  readonly #generator: GeneratorPeer;
  readonly #contender: Contender;
  readonly #scenario: Scenario;

  constructor(server: ServerPeer, generator: GeneratorPeer, contender: Contender, scenario: Scenario) {
    this.#server = server;
    this.#generator = generator;
    this.#contender = contender;
    this.#scenario = scenario;
    // At a fixed pace nobody waits for progress, and reading it would be part of the app thread's time.
    if (scenario.kind === 'deliver' && scenario.drive.kind === 'pace') return;
    generator.on('progress', (progress) => server.send(progress));
  }

  async run(port: number): Promise<Measured> {
    const scenario = this.#scenario;
    for (let round = 1; scenario.kind === 'connect' && round < scenario.rounds; round++) {
      await this.#connect(port);
      await this.#leave();
    }
    const connected = await this.#connect(port);
    switch (scenario.kind) {
      case 'deliver':
        return this.#deliver(scenario, connected.figures);
      case 'connect':
      case 'idle':
        return connected;
      case 'ask':
        return this.#ask(scenario, connected.figures);
      case 'churn':
        return this.#churn(scenario, connected.figures);
    }
  }

  async #connect(port: number): Promise<Measured> {
    const { clients, audience, form, payloadBytes } = this.#scenario;
    const timing = this.#scenario.kind === 'deliver' ? this.#scenario.timing : 'sample';
    const { dialect } = this.#contender;
    const steadyMillis = this.#scenario.kind === 'idle' ? this.#scenario.steadyMillis : 0;
    const emptyRss = await this.#residentBytes(steadyMillis);
    const before = await this.#connections();
    const workload = { clients, audience, form, payloadBytes };
    this.#generator.send({ kind: 'connect', port, dialect, workload, timing });
    const { startMicros, busyShare } = await this.#either(this.#generator.next('connected', CONNECT_MILLIS));
    const { count, lastMicros } = await this.#connections();
    const arrived = count - before.count;
    if (arrived !== clients) throw new Error(`${arrived} connection events for ${clients} clients`);
    return {
      figures: {
        connectsPerSecond: (clients * 1e6) / (lastMicros - startMicros),
        rssBytesPerConnection: ((await this.#residentBytes(steadyMillis)) - emptyRss) / clients,
        generatorBusyShare: busyShare,
      },
      faults: { lost: 0, doubled: 0, reordered: 0, malformed: 0 },
      generatorWasBottleneck: busyShare > BOTTLENECK_BUSY_SHARE,
    };
  }

  async #residentBytes(steadyMillis: number): Promise<number> {
    this.#server.send({ kind: 'memory', steadyMillis });
    return (await this.#server.next('memory', SETTLE_MILLIS)).rssBytes;
  }

  async #connections() {
    this.#server.send({ kind: 'connections' });
    return this.#server.next('connections', ANSWER_MILLIS);
  }

  /** All clients leave; done when the server has seen the last of them go. */
  async #leave(): Promise<void> {
    this.#generator.send({ kind: 'leave' });
    await this.#generator.next('left', ANSWER_MILLIS);
    const deadline = performance.now() + ANSWER_MILLIS;
    while ((await this.#connections()).open > 0) {
      if (performance.now() > deadline) throw new Error('clients that left are still there');
      await new Promise((resolve) => setTimeout(resolve, LEAVE_POLL_MILLIS));
    }
    await new Promise((resolve) => setTimeout(resolve, PORT_REST_MILLIS));
    await machineRest(); // ten thousand connections take the kernel half a second to bury
  }

  async #deliver(scenario: DeliveryScenario, { rssBytesPerConnection }: Figures): Promise<Measured> {
    if (scenario.heatEmits > 0) {
      this.#server.send({ kind: 'heat', emits: scenario.heatEmits });
      await this.#either(this.#server.next('heated', DRIVE_MILLIS));
    }
    for (const phase of scenario.warmUps) await this.#drive(phase);
    const { emitted, tally } = await this.#drive(scenario);
    const usage = await this.#usage();
    const measured = summariseDeliveries(scenario, emitted, tally, usage);
    return { ...measured, figures: { ...measured.figures, rssBytesPerConnection } };
  }

  async #drive({ drive, goal }: Phase) {
    await this.#begin();
    this.#server.send({ kind: 'run', drive, goal });
    const emitted = await this.#either(this.#server.next('emitted', DRIVE_MILLIS));
    this.#generator.send({ kind: 'finish', counts: emitted.counts });
    const tally = await this.#either(this.#generator.next('tally', DRIVE_MILLIS));
    const surplus = tally.deliveries - emitted.deliveries;
    if (isClean(tally) && surplus !== 0) throw new Error(`the bench itself miscounted: ${surplus} deliveries too many`);
    return { emitted, tally };
  }

  async #ask(scenario: AskScenario, { rssBytesPerConnection }: Figures): Promise<Measured> {
    await this.#askFor(scenario.warmUpMillis);
    const answers = await this.#askFor(scenario.millis);
    const usage = await this.#usage();
    return {
      figures: {
        answersPerSecond: answers.answers / answers.seconds,
        cpuMicrosPerAnswer: (usage.cpuUserMicros + usage.cpuSystemMicros) / answers.answers,
        rssBytesPerConnection,
        ...latencyFigures(answers),
        seconds: answers.seconds,
        generatorBusyShare: answers.generatorBusyShare,
        generatorCpuShare: answers.generatorCpuShare,
      },
      faults: faultsOf(answers),
      generatorWasBottleneck: answers.generatorBusyShare > BOTTLENECK_BUSY_SHARE,
    };
  }

  async #askFor(millis: number): Promise<Answers> {
    await this.#begin();
    this.#generator.send({ kind: 'ask', millis });
    return this.#either(this.#generator.next('answers', DRIVE_MILLIS));
  }

  /** Ends with a few broadcasts, to see that the clients are still there and in order. */
  async #churn(scenario: ChurnScenario, connected: Figures): Promise<Measured> {
    this.#server.send({ kind: 'churn', plan: scenario.plan });
    const churned = await this.#either(this.#server.next('churned', DRIVE_MILLIS));
    if (churned.wrongRooms > 0) throw new Error(`the index is wrong about ${churned.wrongRooms} rooms`);
    const { tally } = await this.#drive({
      drive: { kind: 'saturate', perTurn: 1, window: 4 },
      goal: { messages: 10, millis: 0 },
    });
    const { fillPerSecond, changesPerSecond, bytesPerMembership } = churned;
    const { longestPauseMillis, longestOwnMillis, pauseP99Millis } = churned;
    return {
      figures: {
        fillPerSecond,
        changesPerSecond,
        bytesPerMembership,
        longestPauseMillis,
        longestOwnMillis,
        pauseP99Millis,
        rssBytesPerConnection: connected.rssBytesPerConnection,
      },
      faults: faultsOf(tally),
      generatorWasBottleneck: false,
    };
  }

  /** Both sides count from here. Not before the counters are at zero: first deliveries can overtake an IPC message. */
  async #begin(): Promise<void> {
    this.#generator.send({ kind: 'begin' });
    await this.#generator.next('begun', ANSWER_MILLIS);
    this.#server.send({ kind: 'mark' });
    await this.#server.next('marked', ANSWER_MILLIS);
  }

  async #usage(): Promise<ServerUsage> {
    this.#server.send({ kind: 'collect' });
    return this.#server.next('usage', ANSWER_MILLIS);
  }

  /** What is awaited from one process, or the failure of either, which is then the cause. */
  #either<T>(awaited: Promise<T>): Promise<T> {
    return Promise.race([awaited, this.#server.failure, this.#generator.failure]);
  }
}

function summariseDeliveries(scenario: DeliveryScenario, emitted: Emitted, tally: Tally, usage: ServerUsage): Measured {
  const { drive } = scenario;
  const seconds = (tally.lastDeliveryMicros - emitted.firstEmitMicros) / 1e6;
  const heldShare = emitted.heldMicros / 1e6 / seconds;
  const appCpu = usage.appCpuMicros;
  const figures: Figures = {
    deliveriesPerSecond: tally.deliveries / seconds,
    cpuMicrosPerDelivery: (usage.cpuUserMicros + usage.cpuSystemMicros) / tally.deliveries,
    emitMeanMicros: emitted.emitMeanMicros,
    emitMedianMicros: emitted.emitMedianMicros,
    ...(appCpu === undefined ? {} : { appCpuMicrosPerEmit: appCpu / emitted.messages }),
    loopMicrosPerEmit: usage.loopActiveMicros / emitted.messages,
    ...latencyFigures(tally),
    generatorBusyShare: tally.generatorBusyShare,
    generatorCpuShare: tally.generatorCpuShare,
    messages: emitted.messages,
    deliveries: tally.deliveries,
    seconds,
  };
  if (drive.kind === 'saturate') figures.heldShare = heldShare;
  else figures.paceShare = paceShare(drive, emitted);
  return {
    figures,
    faults: faultsOf(tally),
    generatorWasBottleneck: tally.generatorBusyShare > BOTTLENECK_BUSY_SHARE && heldShare > BOTTLENECK_HELD_SHARE,
  };
}

function paceShare(drive: PacedDrive, { messages, firstEmitMicros, lastEmitMicros }: Emitted): number {
  const wantedSeconds = messages / drive.burst / drive.ticksPerSecond;
  return Math.min(1, (wantedSeconds * 1e6) / (lastEmitMicros - firstEmitMicros));
}

function latencyFigures(latency: Latency): Figures {
  return {
    latencyP50Millis: latency.latencyP50Micros / 1e3,
    latencyP99Millis: latency.latencyP99Micros / 1e3,
    latencyP999Millis: latency.latencyP999Micros / 1e3,
  };
}

function faultsOf({ lost, doubled, reordered, malformed }: Faults): Faults {
  return { lost, doubled, reordered, malformed };
}

function isClean({ lost, doubled, reordered, malformed }: Faults): boolean {
  return lost + doubled + reordered + malformed === 0;
}

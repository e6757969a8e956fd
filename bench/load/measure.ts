/**
 * One run of one scenario on one server: start both processes, connect, warm up, drive, drain, count. Orchestrator.
 * The clock runs from the first emit to the last delivery, so what lies in queues is paid for.
 */
import type {
  Emitted,
  Faults,
  GeneratorCommand,
  GeneratorReport,
  Goal,
  ServerCommand,
  ServerReport,
  ServerUsage,
  Tally,
} from './messages.ts';
import { CLEAN_EXIT, PeerProcess } from './peer-process.ts';
import type { Contender } from './roster.ts';
import type { Scenario } from './scenario.ts';

const READY_MILLIS = 30_000;
const CONNECT_MILLIS = 60_000;
const ANSWER_MILLIS = 10_000;
/** A drive, and its draining; a server that needs longer is broken or the scenario too large for it. */
const DRIVE_MILLIS = 180_000;

/**
 * The generator set the pace when it was never idle and the server was held at the in-flight bound meanwhile. Busy
 * alone is not enough: with one small read per delivery it is busy all the time and still keeps up.
 */
const BOTTLENECK_BUSY_SHARE = 0.95;
const BOTTLENECK_HELD_SHARE = 0.1;

export interface Run extends Faults {
  messages: number;
  deliveries: number;
  seconds: number;
  deliveriesPerSecond: number;
  cpuMicrosPerDelivery: number;
  emitMeanMicros: number;
  emitMedianMicros: number;
  /** Busy time of the app thread's event loop, the emit calls included. */
  loopMicrosPerEmit: number;
  rssBytesPerConnection: number;
  latencyP50Millis: number;
  latencyP99Millis: number;
  latencySamples: number;
  /** Share of the run in which the server was kept from emitting by the in-flight bound. */
  heldShare: number;
  generatorCpuShare: number;
  generatorBusyShare: number;
  generatorWasBottleneck: boolean;
  /** How the server's process ended when asked to. */
  exit: string;
}

/** The server never got as far as accepting connections. */
export class CannotStartError extends Error {
  override name = 'CannotStartError';
}

type ServerPeer = PeerProcess<ServerCommand, ServerReport>;
type GeneratorPeer = PeerProcess<GeneratorCommand, GeneratorReport>;

/** Rejects with CannotStartError, or with the reason why the run broke off. Leaves no process behind. */
export async function measure(contender: Contender, scenario: Scenario): Promise<Run> {
  const server: ServerPeer = new PeerProcess(
    contender.name,
    new URL(`./servers/${contender.file}`, import.meta.url),
    contender.env,
  );
  const generator: GeneratorPeer = new PeerProcess('generator', new URL('./generator.ts', import.meta.url));
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
    const run = await measureBetween(server, generator, port, contender, scenario);
    return { ...run, exit: await stopBoth() };
  } catch (error) {
    // Clients whose connections broke tell first; if the server died, that is the cause.
    if ((await stopBoth()) !== CLEAN_EXIT && !(error instanceof CannotStartError)) await server.failure;
    throw error;
  }
}

async function measureBetween(
  server: ServerPeer,
  generator: GeneratorPeer,
  port: number,
  contender: Contender,
  scenario: Scenario,
): Promise<Omit<Run, 'exit'>> {
  const { clients, payloadBytes } = scenario;
  generator.on('progress', (progress) => server.send(progress));

  const emptyRss = await residentBytes(server);
  generator.send({ kind: 'connect', port, clients, dialect: contender.dialect, payloadBytes });
  await either(generator.next('connected', CONNECT_MILLIS), server);
  const connectedRss = await residentBytes(server);

  await drive(server, generator, scenario, scenario.warmUp);
  const { emitted, tally } = await drive(server, generator, scenario, scenario.goal);
  server.send({ kind: 'collect' });
  const usage = await server.next('usage', ANSWER_MILLIS);
  const clean = tally.lost + tally.doubled + tally.reordered + tally.malformed === 0;
  const surplus = tally.deliveries - emitted.messages * clients;
  if (clean && surplus !== 0) throw new Error(`the bench itself miscounted: ${surplus} deliveries too many`);
  return summarise(emitted, tally, usage, (connectedRss - emptyRss) / clients);
}

async function residentBytes(server: ServerPeer): Promise<number> {
  server.send({ kind: 'memory' });
  return (await server.next('memory', ANSWER_MILLIS)).rssBytes;
}

async function drive(server: ServerPeer, generator: GeneratorPeer, scenario: Scenario, goal: Goal) {
  generator.send({ kind: 'begin' });
  // Not before the counters are at zero: the first deliveries can overtake an IPC message.
  await generator.next('begun', ANSWER_MILLIS);
  server.send({ kind: 'run', drive: scenario.drive, goal, payloadBytes: scenario.payloadBytes });
  const emitted = await either(server.next('emitted', DRIVE_MILLIS), generator);
  generator.send({ kind: 'finish', last: emitted.last });
  const tally = await either(generator.next('tally', DRIVE_MILLIS), server);
  return { emitted, tally };
}

/** What is awaited from one process, or the failure of the other, which is then the cause. */
function either<T>(awaited: Promise<T>, other: { failure: Promise<never> }): Promise<T> {
  return Promise.race([awaited, other.failure]);
}

function summarise(emitted: Emitted, tally: Tally, usage: ServerUsage, rssBytesPerConnection: number) {
  const heldShare = emitted.heldMicros / (tally.lastDeliveryMicros - emitted.firstEmitMicros);
  const seconds = (tally.lastDeliveryMicros - emitted.firstEmitMicros) / 1e6;
  return {
    messages: emitted.messages,
    deliveries: tally.deliveries,
    seconds,
    deliveriesPerSecond: tally.deliveries / seconds,
    cpuMicrosPerDelivery: (usage.cpuUserMicros + usage.cpuSystemMicros) / tally.deliveries,
    emitMeanMicros: emitted.emitMeanMicros,
    emitMedianMicros: emitted.emitMedianMicros,
    loopMicrosPerEmit: usage.loopActiveMicros / emitted.messages,
    rssBytesPerConnection,
    latencyP50Millis: tally.latencyP50Micros / 1e3,
    latencyP99Millis: tally.latencyP99Micros / 1e3,
    latencySamples: tally.latencySamples,
    heldShare,
    generatorCpuShare: tally.generatorCpuShare,
    generatorBusyShare: tally.generatorBusyShare,
    generatorWasBottleneck: tally.generatorBusyShare > BOTTLENECK_BUSY_SHARE && heldShare > BOTTLENECK_HELD_SHARE,
    lost: tally.lost,
    doubled: tally.doubled,
    reordered: tally.reordered,
    malformed: tally.malformed,
  };
}

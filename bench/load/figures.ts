/** What runs measure: every figure once, with its heading, unit and how it is shown. Pure. */

interface Figure {
  /** Heading in the printed table. */
  readonly heading: string;
  readonly meaning: string;
  readonly digits: number;
}

function figure(heading: string, digits: number, meaning: string): Figure {
  return { heading, meaning, digits };
}

/** In the order of the columns. */
export const FIGURES = {
  deliveriesPerSecond: figure('deliveries/s', 0, 'from the first emit to the last arrival'),
  answersPerSecond: figure('answers/s', 0, 'questions asked and answered'),
  connectsPerSecond: figure('connects/s', 0, 'from the first connect call to the last connection event'),
  fillPerSecond: figure('fill/s', 0, 'joins while the index is filled'),
  changesPerSecond: figure('changes/s', 0, 'joins and leaves after that'),
  cpuMicrosPerDelivery: figure('CPU us/del', 2, 'user and system time of the server process per delivery'),
  cpuMicrosPerAnswer: figure('CPU us/ans', 1, 'the same per answer'),
  emitMeanMicros: figure('emit us', 1, 'mean time inside emit calls, by the wall clock'),
  emitMedianMicros: figure('emit p50 us', 1, 'median of the same'),
  appCpuMicrosPerEmit: figure(
    'app CPU us/emit',
    1,
    'CPU time of the app thread per emit, building the payload included',
  ),
  loopMicrosPerEmit: figure('loop us/emit', 1, "busy time of the app thread's event loop per emit, by the wall clock"),
  rssBytesPerConnection: figure('RSS B/conn', 0, 'growth over the empty server per connection'),
  bytesPerMembership: figure('B/membership', 0, 'growth of RSS per membership'),
  latencyP50Millis: figure('p50 ms', 2, 'emit call to arrival, or question to answer'),
  latencyP99Millis: figure('p99 ms', 2, 'the same'),
  latencyP999Millis: figure('p99.9 ms', 2, 'the same'),
  longestPauseMillis: figure('pause ms', 1, 'longest delay of the event loop, by the wall clock'),
  longestOwnMillis: figure('own ms', 1, 'longest turn of it, without what it waited for a core'),
  pauseP99Millis: figure('pause p99 ms', 1, 'the same, 99th percentile'),
  paceShare: figure('pace', 2, 'share of the wanted pace that was kept'),
  heldShare: figure('held', 2, 'share of the run in which the in-flight bound kept the server from emitting'),
  generatorBusyShare: figure('gen busy', 2, 'share of time the generator had work'),
  generatorCpuShare: figure('gen CPU', 2, 'of one core'),
  messages: figure('messages', 0, 'emits of the run'),
  deliveries: figure('deliveries', 0, 'arrivals of the run'),
  seconds: figure('seconds', 2, 'length of the run'),
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;

/** A run has those that its scenario measures. */
export type Figures = Partial<Record<FigureName, number>>;

export function shown(name: FigureName, value: number): string {
  const { digits } = FIGURES[name];
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

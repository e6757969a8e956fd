/**
 * What Broadside wants to reach, as a table, and whether a bench reached it. Data beside the figures: a missed target
 * never fails a bench, since ratios on a busy machine are no proof of a regression. Pure.
 */
import { FIGURES, type FigureName, shown } from './figures.ts';
import { median, type ScenarioResult, wasHeldBack } from './outcome.ts';

export interface Verdict {
  readonly work: string;
  readonly wanted: string;
  readonly measured: string;
  readonly reached: boolean;
}

/** A scenario and a server. */
type Pair = readonly [scenario: string, server: string];

interface Target {
  readonly work: string;
  readonly wanted: string;
  /** Whose figures it compares. */
  readonly compares: readonly Pair[];
  /** Undefined when what it compares was not measured. */
  judge(results: readonly ScenarioResult[]): { measured: string; reached: boolean } | undefined;
}

const OURS = 'broadside-1';
const SOCKETIO = 'socketio-ws';
const SOCKETIO_UWS = 'socketio-uws';
const UWS = 'uws-publish';
/** A rate bought with a longer queue does not count. */
const MAX_SATURATED_P99_MILLIS = 250;

/** `figure` of one server over that of another. */
function ratio(
  work: string,
  scenario: string,
  figure: FigureName,
  sense: 'at least' | 'at most',
  factor: number,
  rival: string,
  server = OURS,
): Target {
  return {
    work,
    wanted: `${server}: ${FIGURES[figure].heading} ${sense} ${factor.toFixed(2)} x ${rival}`,
    compares: [
      [scenario, server],
      [scenario, rival],
    ],
    judge(results) {
      const mine = median(results, scenario, server, figure);
      const theirs = median(results, scenario, rival, figure);
      if (mine === undefined || theirs === undefined) return undefined;
      const found = mine / theirs;
      const reached = sense === 'at least' ? found >= factor : found <= factor;
      const bound = wasHeldBack(results, scenario, server) ? ', generator was the bottleneck' : '';
      return {
        measured: `${found.toFixed(2)} x (${shown(figure, mine)} to ${shown(figure, theirs)}${bound})`,
        reached,
      };
    },
  };
}

function atMost(work: string, scenario: string, figure: FigureName, limit: number, server = OURS): Target {
  return {
    work,
    wanted: `${server}, ${scenario}: ${FIGURES[figure].heading} at most ${shown(figure, limit)}`,
    compares: [[scenario, server]],
    judge(results) {
      const mine = median(results, scenario, server, figure);
      return mine === undefined ? undefined : { measured: shown(figure, mine), reached: mine <= limit };
    },
  };
}

const FEW = 'app-10';
const MANY = 'app-10000';
const FLAT_WITHIN = 1.5;

const FLAT: Target = {
  work: 'app thread, time per broadcast',
  wanted: `emit us at 10,000 clients at most ${FLAT_WITHIN} x that at 10`,
  compares: [
    [FEW, OURS],
    [MANY, OURS],
  ],
  judge(results) {
    const few = median(results, FEW, OURS, 'emitMeanMicros');
    const many = median(results, MANY, OURS, 'emitMeanMicros');
    if (few === undefined || many === undefined) return undefined;
    return {
      measured: `${(many / few).toFixed(2)} x (${many.toFixed(1)} to ${few.toFixed(1)})`,
      reached: many / few <= FLAT_WITHIN,
    };
  },
};

const CPU_GROWTH: Target = {
  work: 'growth',
  wanted: 'CPU us/del at 15,000 over that at 1,000 clients, at one rate: no more than bare uWebSockets.js',
  compares: ['paced-15000', 'paced-50'].flatMap((scenario) => [OURS, UWS].map((server): Pair => [scenario, server])),
  judge(results) {
    const grown = (server: string): number => {
      const large = median(results, 'paced-15000', server, 'cpuMicrosPerDelivery');
      const small = median(results, 'paced-50', server, 'cpuMicrosPerDelivery');
      return large === undefined || small === undefined ? Number.NaN : large / small;
    };
    const [mine, theirs] = [grown(OURS), grown(UWS)];
    if (Number.isNaN(mine) || Number.isNaN(theirs)) return undefined;
    return { measured: `${mine.toFixed(2)} x, bare uWebSockets.js ${theirs.toFixed(2)} x`, reached: mine <= theirs };
  },
};

const TARGETS: readonly Target[] = [
  ratio('saturated fan-out', 'fan-out', 'deliveriesPerSecond', 'at least', 40, SOCKETIO),
  ratio('saturated fan-out', 'fan-out', 'deliveriesPerSecond', 'at least', 15, UWS),
  atMost('saturated fan-out', 'fan-out', 'latencyP99Millis', MAX_SATURATED_P99_MILLIS),
  ratio('32 emits per turn', 'fan-out-32', 'deliveriesPerSecond', 'at least', 0.9, UWS),
  ratio('32 emits per turn', 'fan-out-32', 'deliveriesPerSecond', 'at least', 1.2, UWS, 'broadside-2'),
  atMost('32 emits per turn', 'fan-out-32', 'latencyP99Millis', MAX_SATURATED_P99_MILLIS),
  ratio('50 emits per second', 'paced-50', 'cpuMicrosPerDelivery', 'at most', 1.15, UWS),
  ratio('50 emits per second', 'paced-50', 'cpuMicrosPerDelivery', 'at most', 0.65, SOCKETIO),
  atMost('app thread, time per broadcast', FEW, 'emitMeanMicros', 20),
  atMost('app thread, time per broadcast', MANY, 'emitMeanMicros', 20),
  FLAT,
  ratio('latency, 200 emits per second', 'latency-200', 'latencyP99Millis', 'at most', 1 / 3, SOCKETIO),
  ratio('latency, 200 emits per second', 'latency-200', 'latencyP999Millis', 'at most', 1 / 3, SOCKETIO),
  ratio('latency, 200 emits per second', 'latency-200', 'latencyP99Millis', 'at most', 1.3, UWS),
  ratio('latency, 200 emits per second', 'latency-200', 'latencyP999Millis', 'at most', 1.3, UWS),
  atMost('memory of an idle socket', 'idle', 'rssBytesPerConnection', 6 * 1024),
  ratio('memory of an idle socket', 'idle', 'rssBytesPerConnection', 'at most', 1 / 3, SOCKETIO),
  ratio('connects', 'connects', 'connectsPerSecond', 'at least', 2.5, SOCKETIO),
  ratio('connects', 'connects', 'connectsPerSecond', 'at least', 1, SOCKETIO_UWS),
  ratio('client events with ack', 'ask', 'answersPerSecond', 'at least', 2, SOCKETIO),
  ratio('client events with ack', 'ask', 'answersPerSecond', 'at least', 1, SOCKETIO_UWS),
  ratio('binary 1 KB', 'binary-1k', 'deliveriesPerSecond', 'at least', 10, SOCKETIO),
  ratio('binary 16 KB', 'binary-16k', 'deliveriesPerSecond', 'at least', 10, SOCKETIO),
  ratio('JSON 1 KB', 'json-1k', 'deliveriesPerSecond', 'at least', 10, SOCKETIO),
  ratio('1,000 rooms of 10', 'rooms', 'deliveriesPerSecond', 'at least', 3, SOCKETIO),
  ratio('to(a).to(b).except(c)', 'mixed', 'deliveriesPerSecond', 'at least', 3, SOCKETIO),
  atMost('join/leave churn', 'churn', 'longestPauseMillis', 5),
  CPU_GROWTH,
];

/** Whether a target depends on how a server does in a scenario; others are there to be looked at. */
export function isJudged(scenario: string, server: string): boolean {
  return TARGETS.some(({ compares }) => compares.some(([one, other]) => one === scenario && other === server));
}

export function verdicts(results: readonly ScenarioResult[]): Verdict[] {
  return TARGETS.flatMap(({ work, wanted, judge }) => {
    const judged = judge(results);
    return judged === undefined ? [] : [{ work, wanted, ...judged }];
  });
}

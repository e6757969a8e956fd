import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Figures } from './figures.ts';
import type { Run } from './measure.ts';
import { type Outcome, problems, type ScenarioResult } from './outcome.ts';
import { reportHtml } from './report-html.ts';
import { contender } from './roster.ts';
import { SCENARIOS } from './scenarios.ts';
import { isJudged, verdicts } from './targets.ts';

const CLEAN = { lost: 0, doubled: 0, reordered: 0, malformed: 0 };

function run(figures: Figures, changes: Partial<Run> = {}): Run {
  return { figures, faults: CLEAN, generatorWasBottleneck: false, exit: 'exit code 0', ...changes };
}

function result(scenario: string, runs: Record<string, Run[]>): ScenarioResult {
  const found = SCENARIOS.find((one) => one.name === scenario);
  assert.ok(found, scenario);
  const outcomes = Object.entries(runs).map(
    ([name, own]): Outcome => ({ contender: contender(name), runs: own, failures: [] }),
  );
  return { scenario: found, outcomes };
}

test('a ratio is that of the medians, and reached from its bound on', () => {
  const rates = (ours: number[]) => [
    result('json-1k', {
      'broadside-1': ours.map((deliveriesPerSecond) => run({ deliveriesPerSecond })),
      'socketio-ws': [run({ deliveriesPerSecond: 100 })],
    }),
  ];
  const judged = (ours: number[]) => verdicts(rates(ours)).map(({ measured, reached }) => [measured, reached]);
  assert.deepEqual(judged([5, 1_000, 9_000]), [['10.00 x (1,000 to 100)', true]]);
  assert.deepEqual(judged([5, 990, 9_000]), [['9.90 x (990 to 100)', false]]);
});

test('knows whose figures the targets compare', () => {
  const judged = SCENARIOS.flatMap(({ name, servers }) =>
    servers.filter((server) => isJudged(name, server)).map((server) => `${name} ${server}`),
  );
  assert.ok(judged.includes('fan-out socketio-ws') && judged.includes('fan-out uws-publish'));
  assert.ok(judged.includes('paced-15000 uws-publish') && judged.includes('churn broadside-1'));
  assert.equal(isJudged('fan-out', 'ws-loop'), false);
  assert.equal(isJudged('churn', 'socketio-ws'), false);
  assert.equal(isJudged('ticker', 'broadside-1'), false);
});

test('a target whose rival did not run is not judged', () => {
  assert.deepEqual(verdicts([result('json-1k', { 'broadside-1': [run({ deliveriesPerSecond: 1 })] })]), []);
});

test('a verdict says when the generator set the pace', () => {
  const results = [
    result('json-1k', {
      'broadside-1': [run({ deliveriesPerSecond: 100 }, { generatorWasBottleneck: true })],
      'socketio-ws': [run({ deliveriesPerSecond: 100 })],
    }),
  ];
  assert.match(verdicts(results)[0].measured, /generator was the bottleneck/);
});

test('every fault of a run and every unclean end is a problem; a missed target is none', () => {
  const fine = result('json-1k', { 'broadside-1': [run({ deliveriesPerSecond: 1 })] });
  assert.deepEqual(problems([fine]), []);
  for (const fault of ['lost', 'doubled', 'reordered', 'malformed'] as const) {
    const faulty = run({}, { faults: { ...CLEAN, [fault]: 3 } });
    assert.match(problems([result('json-1k', { 'broadside-1': [faulty] })])[0], new RegExp(`3 ${fault}`));
  }
  const aborted = run({}, { exit: 'signal SIGABRT' });
  assert.match(problems([result('json-1k', { 'broadside-1': [aborted] })])[0], /SIGABRT/);
});

test('the page needs nothing from outside', () => {
  const figures: Figures = {
    deliveriesPerSecond: 1_000,
    emitMeanMicros: 5,
    cpuMicrosPerDelivery: 1,
    latencyP50Millis: 1,
    latencyP99Millis: 2,
    latencyP999Millis: 3,
  };
  const results = SCENARIOS.map(({ name, servers }) =>
    result(name, Object.fromEntries(servers.map((server) => [server, [run(figures)]]))),
  );
  const environment = { date: '', commit: '<b>', node: '', cpu: '', cores: 2, memoryGb: 4, system: '' };
  const page = reportHtml(environment, results, verdicts(results));
  assert.match(page, /<svg /);
  assert.doesNotMatch(page, /<script|<link|src=|href=|url\(|NaN|undefined|<b>/);
});

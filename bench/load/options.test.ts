import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';
import { runsOf } from './scenario.ts';
import { SCENARIOS } from './scenarios.ts';

test('without options everything runs as the table says', () => {
  assert.deepEqual(readOptions([]).scenarios, SCENARIOS);
});

test('the quick variant has every kind of scenario', () => {
  const kinds = new Set(readOptions(['--quick']).scenarios.map(({ kind }) => kind));
  assert.deepEqual(kinds, new Set(SCENARIOS.map(({ kind }) => kind)));
});

test('sizes given on the command line replace those of the chosen scenarios', () => {
  const { scenarios } = readOptions([
    '--scenarios',
    'fan-out',
    '--servers',
    'broadside',
    '--clients',
    '7',
    '--window',
    '3',
  ]);
  assert.equal(scenarios.length, 1);
  assert.deepEqual(scenarios[0].servers, ['broadside-1', 'broadside-2', 'broadside-4']);
  assert.equal(scenarios[0].clients, 7);
  assert.ok(scenarios[0].kind === 'deliver' && scenarios[0].drive.kind === 'saturate');
  assert.equal(scenarios[0].drive.window, 3);
});

test('a close call runs once more, unless a number of runs is asked for', () => {
  const runs = (args: string[]) => {
    const [scenario] = readOptions(['--scenarios', 'paced-50', ...args]).scenarios;
    return scenario.servers.map((server) => runsOf(scenario, server));
  };
  assert.deepEqual(runs([]), [3, 3, 2]);
  assert.deepEqual(runs(['--repeat', '2']), [2, 2, 2]);
  assert.deepEqual(runs(['--quick']), [1]);
});

const REFUSED: [args: string[], names: RegExp][] = [
  [['--clients', '0'], /--clients: got "0", expected a whole number from 1 to/],
  [['--clients', 'many'], /--clients: got "many"/],
  [['--bytes', '10'], /--bytes: got "10", expected a whole number from 39/],
  [['--scenarios', 'fan'], /--scenarios: unknown scenario "fan"/],
  [['--servers', 'apache'], /--servers: unknown server "apache"/],
  [['--minutes', 'x'], /--minutes: got "x"/],
  [['--output', '../x'], /--output: got "..\/x"/],
];

for (const [args, names] of REFUSED) {
  test(`${args.join(' ')} is refused by name, value and range`, () => {
    assert.throws(() => readOptions(args), { message: names });
  });
}

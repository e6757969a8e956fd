/** Options and environment variables: every one checked by name, value and range. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { API_OPTION_NAMES, resolveApiOptions } from '../core/api/api-options.ts';
import { EngineError } from '../core/errors.ts';
import { ENVIRONMENT_VARIABLES, KNOWN_NAMES, normalizePath, resolveOptions } from '../core/options.ts';
import type { ServerOptions } from '../core/server-options.ts';

const MIB = 1024 * 1024;

interface Row {
  readonly name: keyof ServerOptions;
  readonly env?: string;
  readonly min: number;
  readonly max: number;
  readonly powerOfTwo?: boolean;
  /** Whether 0, null and the like mean the default. */
  readonly falsy?: boolean;
  /** Other options with which the bounds can be reached. */
  readonly beside?: ServerOptions;
  readonly fallback?: number;
}

const NUMBERS: readonly Row[] = [
  { name: 'ioThreads', env: 'BROADSIDE_IO_THREADS', min: 1, max: 8 },
  { name: 'maxConnections', env: 'BROADSIDE_MAX_CONNECTIONS', min: 1, max: 1_000_000, fallback: 100_000 },
  {
    name: 'logBytes',
    env: 'BROADSIDE_LOG_BYTES',
    min: 2 * MIB,
    max: 1024 * MIB,
    powerOfTwo: true,
    beside: { maxConnections: 100 },
    fallback: 4 * MIB,
  },
  { name: 'ringBytes', env: 'BROADSIDE_RING_BYTES', min: MIB, max: 1024 * MIB, powerOfTwo: true, fallback: 4 * MIB },
  { name: 'batchRecords', env: 'BROADSIDE_BATCH_RECORDS', min: 1, max: 4096, fallback: 1024 },
  { name: 'flushUs', env: 'BROADSIDE_FLUSH_US', min: 0, max: 100_000, fallback: 0 },
  { name: 'pingInterval', min: 1, max: 2 ** 31 - 1, falsy: true, fallback: 25_000 },
  { name: 'pingTimeout', min: 1, max: 2 ** 31 - 1, falsy: true, fallback: 60_000 },
  { name: 'maxHttpBufferSize', min: 1, max: 1024 * MIB, falsy: true, fallback: 1_000_000 },
  { name: 'upgradeTimeout', min: 1, max: 2 ** 31 - 1, falsy: true, fallback: 10_000 },
  { name: 'destroyUpgradeTimeout', min: 1, max: 2 ** 31 - 1, falsy: true, fallback: 1000 },
  { name: 'connectTimeout', min: 1, max: 2 ** 31 - 1, fallback: 45_000 },
  { name: 'bodyTimeout', min: 1, max: 2 ** 31 - 1, fallback: 20_000 },
  { name: 'maxUrlBytes', min: 64, max: 16_384, fallback: 8192 },
  { name: 'maxHeaderBytes', min: 256, max: 16_384, fallback: 16_384 },
  { name: 'maxPending', min: 1, max: 1_000_000, fallback: 10_000 },
  { name: 'maxPendingPerAddress', min: 1, max: 1_000_000, fallback: 1000 },
  { name: 'maxClientBufferBytes', min: 1024, max: 4096 * MIB, fallback: 16 * MIB },
];

const resolved = (given: object, env: NodeJS.ProcessEnv = {}): Record<string, unknown> => {
  const { tuning, ...rest } = resolveOptions(given as ServerOptions, env);
  return { ...rest, ...tuning };
};

/** The error must carry the code, and its message every part. */
const refuses = (run: () => unknown, code: string, ...parts: string[]): void =>
  assert.throws(run, (error) => {
    assert.ok(error instanceof EngineError);
    assert.equal(error.code, code);
    for (const part of parts) assert.ok(error.message.includes(part), `"${error.message}" names ${part}`);
    return true;
  });

for (const { name, env, min, max, powerOfTwo, falsy, beside = {}, fallback } of NUMBERS) {
  describe(`option ${name}`, () => {
    const range = [`from ${min} to ${max}`, powerOfTwo ? 'a power of two' : 'an integer'];

    it('takes both ends of its range, and has a default', () => {
      for (const value of [min, max]) assert.equal(resolved({ ...beside, [name]: value })[name], value);
      if (fallback !== undefined) assert.equal(resolved({})[name], fallback);
      assert.equal(resolved({ ...beside, [name]: undefined })[name], resolved(beside)[name]);
    });

    it('refuses everything else, naming itself, the value and the range', () => {
      const wrong: unknown[] = [min - 1, max + 1, min + 0.5, -1, Number.NaN, Infinity, `${max}`, null, true, {}, []];
      if (powerOfTwo) wrong.push(min + 1, 3 * min);
      for (const value of wrong) {
        if (falsy && !value) {
          assert.equal(resolved({ [name]: value })[name], fallback, 'falsy means the default, as in Socket.IO 2');
          continue;
        }
        const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
        const run = () => resolved({ ...beside, [name]: value });
        refuses(run, 'ERR_OPTION_INVALID', `option ${name} is ${shown}`, ...range);
      }
    });

    if (env === undefined) return;

    it('can be set by its variable, and beats it', () => {
      assert.equal(resolved(beside, { [env]: String(max) })[name], max);
      assert.equal(resolved(beside, { [env]: '' })[name], resolved(beside)[name]);
      assert.equal(resolved({ ...beside, [name]: min }, { [env]: String(max) })[name], min);
      assert.equal(resolved({ ...beside, [name]: min }, { [env]: 'nonsense' })[name], min);
    });

    it('refuses nonsense in its variable, naming the variable, the value and the range', () => {
      for (const text of [`${max + 1}`, '-1', '1.5', '1e3', '0x10', 'four', `${max} MB`, 'Infinity']) {
        const run = () => resolved(beside, { [env]: text });
        refuses(run, 'ERR_OPTION_INVALID', `environment variable ${env} is "${text}"`, ...range);
      }
    });
  });
}

describe('options', () => {
  it('list every environment variable', () => {
    assert.deepEqual([...ENVIRONMENT_VARIABLES].sort(), NUMBERS.flatMap(({ env }) => env ?? []).sort());
  });

  it('refuse an unknown name, and say which are known', () => {
    refuses(() => resolved({ pingIntervall: 1 }), 'ERR_OPTION_UNKNOWN', 'option pingIntervall', 'pingInterval,');
    refuses(() => resolved({ tuning: {} }), 'ERR_OPTION_UNKNOWN', 'option tuning');
  });

  it('refuse the names that every object inherits', () => {
    for (const name of ['toString', 'constructor', 'hasOwnProperty']) {
      refuses(() => resolved({ [name]: 1 }), 'ERR_OPTION_UNKNOWN', `option ${name}`);
    }
  });

  it('take a path in every usual spelling and refuse what is none', () => {
    for (const path of ['/chat', 'chat', '/chat/', 'chat/']) assert.equal(resolved({ path }).path, '/chat');
    assert.equal(normalizePath('/'), '');
    for (const path of ['/a b', '/a?b', '/a#b', 5]) {
      refuses(() => resolved({ path }), 'ERR_OPTION_INVALID', 'option path');
    }
  });

  it('let URLs be as long as a head may be, where the process has raised that', () => {
    const raised = { UWS_HTTP_MAX_HEADERS_SIZE: '40000' };
    assert.equal(resolved({ maxUrlBytes: 40_000 }, raised).maxUrlBytes, 40_000);
    assert.equal(resolved({}, raised).maxHeaderBytes, 40_000);
    refuses(() => resolved({ maxUrlBytes: 40_001 }, raised), 'ERR_OPTION_INVALID', 'maxUrlBytes', 'from 64 to 40000');
    assert.equal(resolved({ maxUrlBytes: 16_384 }, { UWS_HTTP_MAX_HEADERS_SIZE: 'x' }).maxUrlBytes, 16_384);
  });

  it('take perMessageDeflate as a boolean or as ws takes it, and nothing else', () => {
    const rule = (perMessageDeflate: unknown) => resolved({ perMessageDeflate }).perMessageDeflate;
    for (const none of [undefined, null, false]) assert.equal(rule(none), null);
    for (const usual of [true, {}, { threshold: undefined }]) assert.deepEqual(rule(usual), { threshold: 1024 });
    assert.deepEqual(rule({ threshold: 0 }), { threshold: 0 });
    const ofWs = {
      threshold: 10,
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 10,
      clientMaxWindowBits: 10,
      zlibDeflateOptions: { level: 9 },
      zlibInflateOptions: { chunkSize: 1024 },
      concurrencyLimit: 10,
    };
    assert.deepEqual(rule(ofWs), { threshold: 10 });
    for (const [wrong, shown] of [
      [0, '0'],
      [5, '5'],
      ['', '""'],
      ['yes', '"yes"'],
      [[], ''],
    ] as const) {
      refuses(
        () => rule(wrong),
        'ERR_OPTION_INVALID',
        `option perMessageDeflate is ${shown}`,
        'a boolean or an object',
      );
    }
    for (const threshold of [-1, 0.5, '1', Infinity, null]) {
      const shown = `option perMessageDeflate.threshold is ${threshold}`;
      refuses(() => rule({ threshold }), 'ERR_OPTION_INVALID', shown, `from 0 to ${1024 * MIB}`);
    }
    refuses(() => rule({ thresold: 1 }), 'ERR_OPTION_UNKNOWN', 'option perMessageDeflate.thresold', 'threshold,');
  });

  it('refuse a log in which the largest set of targets would not fit, naming where its size came from', () => {
    const given = { maxConnections: 1_000_000, ioThreads: 8 };
    const enough = `at least ${4 * MIB}`;
    refuses(
      () => resolved({ ...given, logBytes: 2 * MIB }),
      'ERR_OPTION_INVALID',
      `option logBytes is ${2 * MIB}`,
      enough,
    );
    const env = { BROADSIDE_LOG_BYTES: String(2 * MIB) };
    const subject = `environment variable BROADSIDE_LOG_BYTES is "${2 * MIB}"`;
    refuses(() => resolved(given, env), 'ERR_OPTION_INVALID', subject, enough);
    assert.equal(resolved({ ...given, logBytes: 4 * MIB }).logBytes, 4 * MIB);
    assert.equal(resolved(given).logBytes, 4 * MIB, 'the default always fits');
  });

  it('are listed in docs/options.md by exactly their names, with the defaults of the numbers', () => {
    const page = readFileSync(new URL('../docs/options.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$/gm)];
    const names = rows.map(([, name]) => name);
    const known = new Set<string>([...KNOWN_NAMES, ...API_OPTION_NAMES, 'http']);
    assert.deepEqual([...names].sort(), [...known].sort());
    const { limits, ...api } = resolveApiOptions({});
    const defaults: Record<string, unknown> = { ...api, ...limits, ...resolved({}) };
    for (const [, name, , fallback] of rows) {
      if (/^\d+$/.test(fallback)) assert.equal(defaults[name], Number(fallback), name);
    }
    for (const variable of ENVIRONMENT_VARIABLES) assert.ok(page.includes(`\`${variable}\``), variable);
  });

  it('12: falsy ones mean the default wherever Socket.IO 2 has it so', () => {
    for (const value of [0, null, false, '']) {
      const api = resolveApiOptions({ origins: value, adapter: value, parser: value, serveClient: value } as never);
      assert.equal(api.origins, undefined);
      assert.equal(api.adapter, resolveApiOptions({}).adapter);
      assert.equal(api.parser, resolveApiOptions({}).parser);
      assert.equal(api.serveClient, value !== false, 'only false turns it off');
      assert.equal(resolveApiOptions({ maxHttpBufferSize: value } as never).limits.maxAttachmentBytes, 10_000_000);
      resolved({ allowRequest: value, initialPacket: value, handlePreflightRequest: value, wsEngine: value });
    }
  });

  it('without effect are named by one warning of the process each', async () => {
    const seen: string[] = [];
    const listener = (warning: Error): void => void seen.push(warning.message);
    process.on('warning', listener);
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(resolved({ transports: ['polling', 'webtransport'] }).transports, ['polling']);
      resolved({ wsEngine: 'uws' });
    }
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener('warning', listener);
    assert.deepEqual(
      seen.map((text) => /webtransport|wsEngine/.exec(text)?.[0]),
      ['webtransport', 'wsEngine'],
    );
    refuses(() => resolved({ transports: ['webtransport'] }), 'ERR_OPTION_INVALID', 'option transports');
  });

  it('that are functions or messages are refused by name when they are neither', () => {
    for (const name of ['allowRequest', 'initialPacket', 'handlePreflightRequest']) {
      refuses(() => resolved({ [name]: 5 }), 'ERR_OPTION_INVALID', `option ${name} is 5`);
    }
  });

  it('are frozen once resolved', () => {
    const options = resolveOptions({}, {});
    assert.ok(Object.isFrozen(options));
    assert.ok(Object.isFrozen(options.tuning));
  });
});

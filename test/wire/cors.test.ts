/** The `cors` option: headers beside the `cors` package, origins of WebSockets, and what is refused or never echoed. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { admitsOrigin, type CorsRule, corsHeaders, decideOrigin, resolveCors } from '../../core/wire/cors.ts';
import { type CorsAnswer, type CorsRequest, isAsk, isValidOrigin, NO_CORS } from '../../core/wire/origin-header.ts';
import { Random } from '../support/random.ts';

const require = createRequire(import.meta.url);
const oracle = createRequire(require.resolve('engine.io'))('cors');

const ORIGIN = 'https://a.example';

function rule(option: unknown): CorsRule {
  const resolved = resolveCors(option);
  assert.ok(resolved !== null && !isAsk(resolved));
  return resolved;
}

function request(overrides: Partial<CorsRequest> = {}): CorsRequest {
  return { method: 'GET', origin: ORIGIN, requestHeaders: undefined, ...overrides };
}

function headersOf({ headers }: CorsAnswer): Record<string, string> {
  return Object.fromEntries(headers);
}

/** What the package sets on a response, and the status it ends with, 0 when it goes on. */
function oracleAnswer(option: unknown, { method, origin, requestHeaders }: CorsRequest) {
  const headers: Record<string, string> = {};
  let endStatus = 0;
  const response = {
    statusCode: 200,
    getHeader: (name: string) => headers[name],
    setHeader: (name: string, value: string) => {
      headers[name] = value;
    },
    end: () => {
      endStatus = response.statusCode;
    },
  };
  const incoming: Record<string, string> = {};
  if (origin !== undefined) incoming.origin = origin;
  if (requestHeaders !== undefined) incoming['access-control-request-headers'] = requestHeaders;
  let failure: unknown;
  oracle(option)({ method, headers: incoming }, response, (error: unknown) => {
    failure = error;
  });
  assert.ok(!failure);
  delete headers['Content-Length'];
  return { headers, endStatus };
}

describe('headers', () => {
  test('none are sent unless the option was given', () => {
    for (const option of [undefined, null, false]) assert.equal(resolveCors(option), null);
  });

  test('random options and requests give what the reference gives', () => {
    const random = new Random();
    const names = [undefined, '', 'X-A', ['X-A', 'X-B'], 'X-A, X-B', []];
    const origins = [
      '*',
      ORIGIN,
      '',
      false,
      true,
      /a\.example$/,
      /b/g,
      [ORIGIN, 'x'],
      ['x', /^https:/y],
      [false],
      [true],
      [],
      [['x', [ORIGIN]]],
    ];
    for (let round = 0; round < 3000; round++) {
      const option: Record<string, unknown> = {};
      if (random.chance(0.9)) option.origin = random.pick(origins);
      if (random.chance(0.3)) option.methods = random.pick(['', 'GET', ['GET', 'POST'], []]);
      if (random.chance(0.3)) option.allowedHeaders = random.pick(names);
      if (random.chance(0.1)) option.headers = random.pick(names);
      if (random.chance(0.3)) option.exposedHeaders = random.pick(names);
      if (random.chance(0.3)) option.credentials = random.chance(0.5);
      if (random.chance(0.3)) option.maxAge = random.pick([0, 5, -1, '600', '', undefined]);
      if (random.chance(0.2)) option.preflightContinue = random.chance(0.5);
      if (random.chance(0.2)) option.optionsSuccessStatus = random.pick([200, 204]);
      const given = request({
        method: random.pick(['GET', 'POST', 'OPTIONS', 'options']),
        origin: random.pick([undefined, ORIGIN, 'http://b.example', 'null']),
        requestHeaders: random.pick([undefined, 'content-type', 'x-a,x-b']),
      });
      const { headers, endStatus } = corsHeaders(structuredClone(rule(option)), given);
      const expected = oracleAnswer(structuredClone(option), given); // it writes `lastIndex` of the patterns it tests
      assert.deepEqual(
        { headers: Object.fromEntries(headers), endStatus },
        expected,
        JSON.stringify({ option, given }),
      );
    }
  });

  test('true means all defaults', () => {
    assert.deepEqual(headersOf(corsHeaders(rule(true), request())), { 'Access-Control-Allow-Origin': '*' });
  });

  test('an origin that is given without a value closes', () => {
    assert.deepEqual(corsHeaders(rule({ origin: undefined }), request({ method: 'OPTIONS' })), NO_CORS);
  });

  test('a pattern that remembers where it stopped gives the same answer each time', () => {
    const resolved = rule({ origin: [/a\.example/g, /b\.example/y] });
    for (let i = 0; i < 4; i++) {
      assert.equal(headersOf(corsHeaders(resolved, request()))['Access-Control-Allow-Origin'], ORIGIN);
    }
  });

  test('control bytes are never echoed', () => {
    for (const origin of [
      '\u0001',
      'https://a.example\r\nX: y',
      'https://a.example\u0000',
      'https://é',
      'a b',
      '',
      '\u007f',
    ]) {
      assert.equal(isValidOrigin(origin), false);
      assert.deepEqual(headersOf(corsHeaders(rule({ origin: true }), request({ origin }))), { Vary: 'Origin' });
    }
    const answer = corsHeaders(rule(true), request({ method: 'OPTIONS', requestHeaders: 'x\r\ny: z' }));
    assert.equal('Access-Control-Allow-Headers' in headersOf(answer), false);
  });

  test('random bytes in both headers never reach an answer unless they are printable', () => {
    const random = new Random();
    const resolved = rule({ origin: true });
    for (let round = 0; round < 2000; round++) {
      const bytes = () => String.fromCharCode(...Array.from({ length: random.below(6) }, () => random.below(256)));
      const { headers } = corsHeaders(
        resolved,
        request({ method: 'OPTIONS', origin: bytes(), requestHeaders: bytes() }),
      );
      for (const [, value] of headers) assert.match(value, /^[\x20-\x7e]+$/);
    }
  });
});

describe('functions', () => {
  test('a function stands in the rule as a question, alone or as the origin', () => {
    assert.deepEqual(
      resolveCors(() => {}),
      { ask: true },
    );
    const asking = rule({ origin: () => {}, credentials: true });
    assert.deepEqual(asking.origin, { ask: true });
    assert.deepEqual(structuredClone(asking), asking);
    assert.deepEqual(corsHeaders(asking, request({ method: 'OPTIONS' })), NO_CORS);
  });

  test('what the function decided gives what the reference gives', () => {
    for (const decision of [true, false, null, undefined, '*', ORIGIN, 'http://b.example', /a/, [ORIGIN], [/b/]]) {
      for (const method of ['GET', 'OPTIONS']) {
        const option = {
          origin: (_: string, callback: (error: null, value: unknown) => void) => callback(null, decision),
        };
        const { headers, endStatus } = corsHeaders(decideOrigin(rule(option), decision), request({ method }));
        assert.deepEqual(
          { headers: Object.fromEntries(headers), endStatus },
          oracleAnswer(option, request({ method })),
        );
      }
    }
  });

  test('a decision that is no origin is refused', () => {
    for (const decision of [() => {}, 5, {}, 'a\r\nb']) {
      assert.throws(() => decideOrigin(rule(true), decision), { code: 'ERR_OPTION_INVALID' });
    }
  });
});

describe('WebSockets', () => {
  test('an origin that may not read answers may not hold a connection either', () => {
    const evil = 'https://evil.example';
    for (const origin of [ORIGIN, [ORIGIN], /^https:\/\/a\./, false, { ask: true }]) {
      const resolved = { ...rule(true), origin: origin instanceof RegExp ? [origin] : origin } as CorsRule;
      assert.equal(admitsOrigin(resolved, evil, 'io.example'), false);
      assert.equal(admitsOrigin(resolved, `${ORIGIN}.evil.example`, 'io.example'), origin instanceof RegExp);
    }
    assert.equal(admitsOrigin(rule({ origin: ORIGIN }), ORIGIN, 'io.example'), true);
    assert.equal(admitsOrigin(rule({ origin: [/a\.example$/] }), ORIGIN, 'io.example'), true);
    assert.equal(admitsOrigin(rule(true), evil, 'io.example'), true);
    assert.equal(admitsOrigin(rule(true), 'a\u0001', 'io.example'), false);
  });

  test('no origin, and the host asked itself, are always admitted', () => {
    const closed = rule({ origin: false });
    assert.equal(admitsOrigin(closed, undefined, 'io.example'), true);
    assert.equal(admitsOrigin(closed, 'https://io.example', 'io.example'), true);
    assert.equal(admitsOrigin(closed, 'https://io.example', 'IO.example:443'), true);
    assert.equal(admitsOrigin(closed, 'http://[::1]:3000', '[::1]:3000'), true);
    assert.equal(admitsOrigin(closed, 'https://io.example:444', 'io.example'), false);
    assert.equal(admitsOrigin(closed, 'https://io.example', undefined), false);
    assert.equal(admitsOrigin(closed, 'null', 'null'), false);
    assert.equal(admitsOrigin(closed, 'https://io.example', 'x y'), false);
  });
});

describe('refusals', () => {
  const INVALID: readonly unknown[] = [
    5,
    'https://a.example',
    { origin: 5 },
    { origin: ['x', {}] },
    { origin: 'a\r\nb' },
    { origin: ['é'] },
    { methods: 5 },
    { methods: 'GET\r\n' },
    { allowedHeaders: {} },
    { exposedHeaders: ['a\n'] },
    { credentials: 'true' },
    { maxAge: Number.NaN },
    { maxAge: 1.5 },
    { maxAge: 'soon' },
    { preflightContinue: 1 },
    { optionsSuccessStatus: 99 },
    { optionsSuccessStatus: '204' },
  ];
  for (const option of INVALID) {
    test(`${JSON.stringify(option)} is refused`, () => {
      assert.throws(() => resolveCors(option), { name: 'EngineError', code: 'ERR_OPTION_INVALID' });
    });
  }

  test('an unknown field is refused by name', () => {
    assert.throws(() => resolveCors({ origins: '*' }), { code: 'ERR_OPTION_UNKNOWN', message: /cors\.origins/ });
  });
});

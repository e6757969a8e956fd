/**
 * The `Origin` header, and the form of an answer to it: common to the `cors` and the `origins` option.
 * Any thread; pure.
 */

/** Stands for a user function in a rule: functions cannot travel, so the app thread has to be asked. */
export interface Ask {
  readonly ask: true;
}

/** What the headers of an answer depend on. */
export interface CorsRequest {
  readonly method: string;
  /** Header `Origin`. */
  readonly origin: string | undefined;
  /** Header `Access-Control-Request-Headers`. */
  readonly requestHeaders: string | undefined;
}

export interface CorsAnswer {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The status to end the request with, body empty; 0 when the engine answers it. */
  readonly endStatus: number;
}

/** An origin in parts, default port filled in. */
export interface ParsedOrigin {
  /** With its colon. */
  readonly protocol: string;
  /** Lower case, IPv6 without brackets. */
  readonly host: string;
  readonly port: string;
}

export const ASK: Ask = Object.freeze({ ask: true });
export const NO_CORS: CorsAnswer = Object.freeze({ headers: Object.freeze([]), endStatus: 0 });

export function isAsk(rule: unknown): rule is Ask {
  return typeof rule === 'object' && rule !== null && 'ask' in rule;
}

/** Visible ASCII and not empty. Any other `Origin` header is answered with the error `Bad request`. */
export function isValidOrigin(origin: string | undefined): origin is string {
  return origin !== undefined && /^[\x21-\x7e]+$/.test(origin);
}

/** @returns null for text that is no URL with a host, or that URL parsing would have to clean of control characters first */
export function parseOrigin(text: string): ParsedOrigin | null {
  if (!isValidOrigin(text) || !URL.canParse(text)) return null;
  const { protocol, hostname, port } = new URL(text);
  if (hostname === '') return null;
  return { protocol, host: bareHost(hostname), port: port === '' ? defaultPort(protocol) : port };
}

/** @param protocol with its colon */
export function defaultPort(protocol: string): string {
  return protocol === 'https:' || protocol === 'wss:' ? '443' : '80';
}

/** @param hostname as `URL` gives it */
export function bareHost(hostname: string): string {
  return (hostname.startsWith('[') ? hostname.slice(1, -1) : hostname).toLowerCase();
}

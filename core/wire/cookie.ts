/**
 * The `cookie` option: the Set-Cookie header that carries a session id.
 * The app thread resolves and checks the option once; I/O threads only put the id into it.
 */
import { EngineError } from '../errors.ts';

/** The `cookie` option in its long form. What is left out keeps the default. @since Socket.IO 2 */
export interface CookieOptions {
  /** The cookie's name. @default 'io' */
  name?: string;
  /** False or an empty string for none. @default '/' */
  path?: string | false;
  /** Host name that the cookie is for. @default the one of the request */
  domain?: string;
  /** Seconds; a fraction is dropped. */
  maxAge?: number;
  /** When the cookie ends. @default with the browser */
  expires?: Date;
  /** Whether scripts cannot read it. @default true */
  httpOnly?: boolean;
  /** Whether it is sent over TLS only. @default false */
  secure?: boolean;
  /** Whether each embedding page has one of its own. @default false */
  partitioned?: boolean;
  /** What browsers drop last. @default none */
  priority?: 'low' | 'medium' | 'high';
  /** True is 'strict', false for none. @default 'lax' */
  sameSite?: boolean | 'lax' | 'strict' | 'none';
}

/** Separate options of Engine.IO 3 servers; they change the short forms `true` and a name, an object says it all itself. */
export interface LegacyCookieOptions {
  /** False leaves out Path and with it HttpOnly. @default '/' */
  cookiePath?: string | false;
  /** @default true */
  cookieHttpOnly?: boolean;
}

/** Plain data, checked, so it can be sent to other threads. */
export interface CookieRule {
  readonly name: string;
  /** All that follows the value, from its semicolon on; may be empty. */
  readonly attributes: string;
}

const DEFAULT_NAME = 'io';
const LONGEST_LABEL = 63;

type Field = keyof CookieOptions;

/** How each field reads in the header, in the header's order; undefined for a value that is not allowed. */
const FIELDS: readonly (readonly [Field, expected: string, write: (value: unknown) => string | undefined])[] = [
  [
    'maxAge',
    'a finite number of seconds',
    (value) => (Number.isFinite(value) ? `; Max-Age=${Math.floor(value as number)}` : undefined),
  ],
  ['domain', 'a host name', (value) => (value === '' ? '' : isDomain(value) ? `; Domain=${value}` : undefined)],
  [
    'path',
    "a path such as '/', or false",
    (value) => (value === false || value === '' ? '' : isPath(value) ? `; Path=${value}` : undefined),
  ],
  ['expires', 'a valid Date', (value) => (isDate(value) ? `; Expires=${value.toUTCString()}` : undefined)],
  ['httpOnly', 'true or false', (value) => flag(value, '; HttpOnly')],
  ['secure', 'true or false', (value) => flag(value, '; Secure')],
  ['partitioned', 'true or false', (value) => flag(value, '; Partitioned')],
  ['priority', "'low', 'medium' or 'high'", (value) => choice(value, '; Priority=', ['Low', 'Medium', 'High'])],
  ['sameSite', "true, false, 'lax', 'strict' or 'none'", sameSite],
];

/**
 * Reads the option.
 *
 * @param option undefined, null or false for no cookie; true for `io` with Path=/, HttpOnly and SameSite=Lax; a string for a
 * cookie of that name with SameSite=Strict, as Engine.IO 3 servers send it; an object to change the defaults
 * @throws ERR_OPTION_INVALID naming field, value and what is allowed
 * @throws ERR_OPTION_UNKNOWN for an unknown field
 */
export function resolveCookie(option: unknown, legacy: LegacyCookieOptions = {}): CookieRule | null {
  if (option === undefined || option === null || option === false) return null;
  const short = { name: DEFAULT_NAME, path: '/', httpOnly: true, sameSite: 'lax' };
  if (option === true) return build({ ...short, ...legacyFields(legacy) });
  if (typeof option === 'string') return build({ ...short, name: option, sameSite: 'strict', ...legacyFields(legacy) });
  if (typeof option !== 'object') throw invalid('cookie', option, 'a boolean, a name or an object');
  const given = Object.fromEntries(Object.entries(option).filter(([, value]) => value !== undefined && value !== null));
  return build({ ...short, ...given });
}

/**
 * The header's value.
 *
 * @param sid session id; characters that a cookie cannot carry are percent-encoded
 */
export function serializeCookie(rule: CookieRule, sid: string): string {
  return `${rule.name}=${encodeURIComponent(sid)}${rule.attributes}`;
}

function legacyFields({ cookiePath, cookieHttpOnly }: LegacyCookieOptions): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  if (cookieHttpOnly !== undefined) {
    if (typeof cookieHttpOnly !== 'boolean') throw invalid('cookieHttpOnly', cookieHttpOnly, 'true or false');
    fields.httpOnly = cookieHttpOnly;
  }
  if (cookiePath !== undefined) {
    if (cookiePath !== false && !isPath(cookiePath))
      throw invalid('cookiePath', cookiePath, "a path such as '/', or false");
    fields.path = cookiePath;
    if (cookiePath === false || cookiePath === '') fields.httpOnly = false;
  }
  return fields;
}

function build(fields: Record<string, unknown>): CookieRule {
  const { name } = fields;
  // A token, so it cannot end the pair or the header.
  if (typeof name !== 'string' || !/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    throw invalid('cookie.name', name, 'a cookie name');
  for (const field of Object.keys(fields)) {
    if (field === 'name' || FIELDS.some(([known]) => known === field)) continue;
    const known = ['name', ...FIELDS.map(([each]) => each)].join(', ');
    throw new EngineError('ERR_OPTION_UNKNOWN', `option cookie.${field} is not known; known are ${known}`);
  }
  let attributes = '';
  for (const [field, expected, write] of FIELDS) {
    if (!Object.hasOwn(fields, field)) continue;
    const text = write(fields[field]);
    if (text === undefined) throw invalid(`cookie.${field}`, fields[field], expected);
    attributes += text;
  }
  return { name, attributes };
}

/** Printable ASCII without the semicolon, which would begin another attribute. */
function isPath(value: unknown): value is string {
  return typeof value === 'string' && /^[\x20-\x3a\x3c-\x7e]*$/.test(value);
}

/** Host name labels; a leading dot is tolerated, as browsers ignore it. */
function isDomain(value: unknown): value is string {
  if (typeof value !== 'string') return false;
  const labels = (value.startsWith('.') ? value.slice(1) : value).split('.');
  return labels.every(
    (label) =>
      label.length <= LONGEST_LABEL && /^[a-z0-9-]+$/i.test(label) && !label.startsWith('-') && !label.endsWith('-'),
  );
}

function isDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.valueOf());
}

function flag(value: unknown, text: string): string | undefined {
  if (typeof value !== 'boolean') return undefined;
  return value ? text : '';
}

function choice(value: unknown, prefix: string, names: readonly string[]): string | undefined {
  const name = typeof value === 'string' && names.find((each) => each.toLowerCase() === value.toLowerCase());
  return name ? prefix + name : undefined;
}

function sameSite(value: unknown): string | undefined {
  if (typeof value === 'boolean') return value ? '; SameSite=Strict' : '';
  return choice(value, '; SameSite=', ['Lax', 'Strict', 'None']);
}

function invalid(name: string, value: unknown, expected: string): EngineError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return new EngineError('ERR_OPTION_INVALID', `option ${name} is ${shown}, expected ${expected}`);
}

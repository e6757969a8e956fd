/**
 * The engine's options as applications can read them: `io.engine.opts`, and some as members of `io.engine` as in
 * Socket.IO 2. App thread.
 */
import type { ResolvedOptions } from '../options.ts';
import type { ServerOptions, TlsOptions } from '../server-options.ts';

/** Options in force, without the keys of TLS, without `origins`, which may change, and `wsEngine`. @since Socket.IO 4 */
export type EngineOptions = Readonly<Omit<ServerOptions, keyof TlsOptions | 'origins' | 'wsEngine'>>;

/** What an engine of Socket.IO 2 shows as members of its own. */
const MEMBERS = [
  'pingTimeout',
  'pingInterval',
  'upgradeTimeout',
  'maxHttpBufferSize',
  'transports',
  'allowUpgrades',
  'cookie',
  'cookiePath',
  'cookieHttpOnly',
  'perMessageDeflate',
  'httpCompression',
  'initialPacket',
] as const satisfies readonly (keyof EngineOptions)[];

/** Options with every default filled in, in the form in which they are given. Frozen: threads have copies. */
export function shownOptions(given: ServerOptions, resolved: ResolvedOptions): EngineOptions {
  const { tuning, origins, httpCompression, ...plain } = resolved;
  const { threshold, zlib } = httpCompression ?? {};
  return Object.freeze({
    ...plain,
    ...tuning,
    cors: given.cors,
    allowRequest: given.allowRequest,
    initialPacket: given.initialPacket,
    handlePreflightRequest: given.handlePreflightRequest,
    cookie: given.cookie ?? false,
    cookiePath: given.cookiePath ?? '/',
    cookieHttpOnly: given.cookieHttpOnly ?? true,
    httpCompression: httpCompression === null ? false : { threshold, ...zlib },
    perMessageDeflate: resolved.perMessageDeflate ?? false,
  });
}

/** Lets an engine show its options as members; they cannot be assigned to. */
export function showAsMembers(engine: object, options: EngineOptions): void {
  for (const name of MEMBERS) Object.defineProperty(engine, name, { value: options[name], enumerable: true });
}

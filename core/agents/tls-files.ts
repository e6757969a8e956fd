/**
 * TLS options as Node's https server takes them, turned into the files that uWebSockets.js wants. App thread.
 * What was given as text or bytes is written into a private folder (mode 0700), which goes with the Server.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError } from '../errors.ts';
import type { TlsOptions } from '../options.ts';
import { makePrivateFolder, type PrivateFolder } from './private-folder.ts';
import type { TlsFiles } from './segment.ts';

export interface PreparedTls {
  readonly files: TlsFiles;
  /** Removes what was written. */
  remove(): void;
}

/** @returns null when neither key nor certificate was given. @throws ERR_OPTION_INVALID when only one was */
export function prepareTls(options: TlsOptions): PreparedTls | null {
  const hasKey = options.key !== undefined || options.keyFile !== undefined;
  const hasCert = options.cert !== undefined || options.certFile !== undefined;
  if (!hasKey && !hasCert) return null;
  if (!hasKey || !hasCert) {
    const missing = hasKey ? 'cert' : 'key';
    throw new EngineError(
      'ERR_OPTION_INVALID',
      `option ${missing} is undefined, expected one beside the other for TLS`,
    );
  }
  let folder: PrivateFolder | undefined;
  const file = (name: keyof TlsOptions, path: string | undefined, content: string | Uint8Array | undefined): string => {
    if (path !== undefined) return path;
    if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
      throw new EngineError('ERR_OPTION_INVALID', `option ${name} is ${typeof content}, expected PEM text or bytes`);
    }
    folder ??= makePrivateFolder('tls'); // a key must not outlive the process in a temporary folder
    const target = join(folder.path, `${name}.pem`);
    writeFileSync(target, content, { mode: 0o600 });
    return target;
  };
  const files: Record<string, string> = {
    key_file_name: file('key', options.keyFile, options.key),
    cert_file_name: file('cert', options.certFile, options.cert),
  };
  if (options.ca !== undefined || options.caFile !== undefined)
    files.ca_file_name = file('ca', options.caFile, options.ca);
  if (options.dhparam !== undefined) files.dh_params_file_name = file('dhparam', undefined, options.dhparam);
  if (options.passphrase !== undefined) files.passphrase = options.passphrase;
  if (options.ciphers !== undefined) files.ssl_ciphers = options.ciphers;
  return { files: files as unknown as TlsFiles, remove: () => folder?.remove() };
}

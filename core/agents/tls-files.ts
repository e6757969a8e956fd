/**
 * TLS options as Node's https server takes them, turned into the files that uWebSockets.js wants. App thread.
 * What was given as text or bytes is written into files without a name, which go with the Server.
 */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { EngineError } from '../errors.ts';
import type { TlsOptions } from '../server-options.ts';
import { makePrivateFile, type PrivateFile } from './private-file.ts';
import type { TlsFiles } from './segment.ts';

export interface PreparedTls {
  readonly files: TlsFiles;
  /** Removes what was written. */
  remove(): void;
}

/** Where one part comes from. */
interface Source {
  /** The option, for messages. */
  readonly name: keyof TlsOptions;
  readonly content: string | Uint8Array;
  /** The application's own file, if it is one. */
  readonly path: string | undefined;
}

/**
 * Checks and prepares the certificate: a key that does not fit it must be an error here, not in every I/O thread.
 *
 * @returns null when neither key nor certificate was given
 * @throws ERR_OPTION_INVALID when only one was, a file cannot be read, or OpenSSL refuses them
 */
export function prepareTls(options: TlsOptions): PreparedTls | null {
  const key = read(options, 'key', 'keyFile');
  const cert = read(options, 'cert', 'certFile');
  if (key === undefined && cert === undefined) return null;
  if (key === undefined || cert === undefined) {
    const missing = key === undefined ? 'key' : 'cert';
    throw invalid(`option ${missing} is undefined, expected one beside the other for TLS`);
  }
  const ca = read(options, 'ca', 'caFile');
  const dhparam = read(options, 'dhparam');
  const { passphrase, ciphers } = options;
  check({ key, cert, ca }, passphrase, ciphers);

  const written: PrivateFile[] = [];
  const remove = (): void => {
    for (const each of written) each.remove();
  };
  const file = ({ content, path }: Source): string => {
    if (path !== undefined) return path;
    const made = makePrivateFile(content);
    written.push(made);
    return made.path;
  };
  try {
    const files: TlsFiles = {
      key_file_name: file(key),
      cert_file_name: file(cert),
      ...(ca && { ca_file_name: file(ca) }),
      ...(dhparam && { dh_params_file_name: file(dhparam) }),
      ...(passphrase !== undefined && { passphrase }),
      ...(ciphers !== undefined && { ssl_ciphers: ciphers }),
    };
    return { files, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function read(options: TlsOptions, name: keyof TlsOptions, fileName?: keyof TlsOptions): Source | undefined {
  const path = fileName === undefined ? undefined : options[fileName];
  if (path !== undefined) {
    if (typeof path !== 'string') throw invalid(`option ${fileName} is ${typeof path}, expected the path of a file`);
    try {
      return { name: fileName as keyof TlsOptions, content: readFileSync(path), path };
    } catch (cause) {
      throw invalid(`option ${fileName} is ${JSON.stringify(path)}, which cannot be read: ${messageOf(cause)}`, cause);
    }
  }
  const content: unknown = options[name];
  if (content === undefined) return undefined;
  if (typeof content === 'string' || content instanceof Uint8Array) return { name, content, path: undefined };
  throw invalid(`option ${name} is ${Array.isArray(content) ? 'a list' : typeof content}, expected PEM text or bytes`);
}

/** Has OpenSSL load each once, the key beside its certificate; what it lets pass, the I/O threads may still refuse. */
function check(
  { key, cert, ca }: Record<'key' | 'cert', Source> & { readonly ca: Source | undefined },
  passphrase: string | undefined,
  ciphers: string | undefined,
): void {
  const parts = { key: pem(key), cert: pem(cert), passphrase };
  const attempt = (subject: string, more: object): void => {
    try {
      createSecureContext({ ...parts, ...more });
    } catch (cause) {
      throw invalid(`${subject} cannot be used for TLS: ${messageOf(cause)}`, cause);
    }
  };
  attempt(`option ${key.name} with ${cert.name}`, {});
  if (ca !== undefined) attempt(`option ${ca.name}`, { ca: pem(ca) });
  if (ciphers !== undefined) attempt('option ciphers', { ciphers });
}

const pem = ({ content }: Source): string | Buffer => (typeof content === 'string' ? content : Buffer.from(content));
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const invalid = (message: string, cause?: unknown): EngineError =>
  new EngineError('ERR_OPTION_INVALID', message, { cause });

/**
 * The browser client, served under the engine's path: read and compressed once per thread, when first asked for.
 * Exact names only; any other name is the engine's to refuse.
 */
import type { HttpRequest, HttpResponse, TemplatedApp } from 'uWebSockets.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import type { ClientFiles, ServerSpec } from '../core/agents/segment.ts';
import { corsHeaders } from '../core/wire/cors.ts';
import { type ContentCoding, chooseCoding, FILE_CODINGS } from '../core/wire/encoding.ts';
import { isAsk } from '../core/wire/origin-header.ts';

const BUNDLES = ['socket.io.js', 'socket.io.min.js', 'socket.io.esm.min.js', 'socket.io.msgpack.min.js'];
const NAMES = BUNDLES.flatMap((name) => [name, `${name}.map`]);

/** Files are compressed once and sent often: worth some effort, but not seconds of a thread that serves sockets. */
const BROTLI_QUALITY = 5;

class ClientFile {
  readonly #path: string;
  readonly #forms = new Map<ContentCoding | 'identity', Uint8Array>();
  #failed = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws when the file cannot be read or compressed: the map of a bundle may be missing */
  in(coding: ContentCoding | undefined): Uint8Array {
    const key = coding ?? 'identity';
    let form = this.#forms.get(key);
    if (form === undefined) {
      form = coding === undefined ? readFileSync(this.#path) : compress(coding, this.in(undefined));
      this.#forms.set(key, form);
    }
    return form;
  }

  /** The status for what `in()` has thrown. A file that is there must be served: the first failure is reported. */
  statusOf(error: unknown): string {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '404 Not Found';
    if (!this.#failed) process.emitWarning(`cannot serve ${this.#path}: ${String(error)}`);
    this.#failed = true;
    return '500 Internal Server Error';
  }
}

/** Adds the routes of the client's files to an app. */
export function serveClientFiles(app: TemplatedApp, spec: ServerSpec, files: ClientFiles): void {
  for (const name of NAMES) {
    const file = new ClientFile(join(files.folder, name));
    app.any(`${spec.path}/${name}`, (res, req) => serve(res, req, spec, file, name, `"${files.version}"`));
  }
}

function serve(
  res: HttpResponse,
  req: HttpRequest,
  spec: ServerSpec,
  file: ClientFile,
  name: string,
  etag: string,
): void {
  const known = req.getHeader('if-none-match');
  const coding = chooseCoding(req.getHeader('accept-encoding') || undefined, FILE_CODINGS);
  const method = req.getCaseSensitiveMethod();
  const origin = req.getHeader('origin') || undefined;
  const { cors } = spec;
  const rule = cors === null || isAsk(cors) || isAsk(cors.origin) ? undefined : cors;
  const headers = rule === undefined ? [] : corsHeaders(rule, { method, origin, requestHeaders: undefined }).headers;
  let body: Uint8Array;
  try {
    body = file.in(coding);
  } catch (error) {
    res.writeStatus(file.statusOf(error)).end();
    return;
  }
  const fresh = known === etag || known === `W/${etag}`;
  res.cork(() => {
    res.writeStatus(fresh ? '304 Not Modified' : '200 OK');
    for (const [header, value] of headers) res.writeHeader(header, value);
    if (fresh) {
      res.endWithoutBody();
      return;
    }
    res.writeHeader('Content-Type', `application/${name.endsWith('.map') ? 'json' : 'javascript'}; charset=utf-8`);
    res.writeHeader('Cache-Control', 'public, max-age=0');
    res.writeHeader('ETag', etag);
    res.writeHeader('Vary', 'Accept-Encoding');
    if (coding !== undefined) res.writeHeader('Content-Encoding', coding);
    if (method === 'HEAD') {
      res.writeHeader('Content-Length', String(body.length));
      res.endWithoutBody(); // given a length it would leave the request unanswered in the eyes of uWebSockets.js
    } else {
      res.end(body);
    }
  });
}

function compress(coding: ContentCoding, bytes: Uint8Array): Uint8Array {
  if (coding === 'gzip') return gzipSync(bytes);
  if (coding === 'deflate') return deflateSync(bytes);
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
}

/**
 * The routes of one Server on one I/O thread: turns uWebSockets.js requests and events into calls of the agent.
 */
import type { HttpRequest, HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import type { EngineRequest } from '../core/agents/io/front-desk.ts';
import { revisionFrom, wantsBase64 } from '../core/agents/io/handshake.ts';
import type { IoAgent } from '../core/agents/io/io-agent.ts';
import { parseRelayedClient, RELAY_HEADER } from '../core/agents/relay-address.ts';
import type { ServerSpec } from '../core/agents/segment.ts';
import { formatAddress } from '../core/wire/address.ts';
import { BAD_REQUEST } from '../core/wire/connection-errors.ts';
import { type Headers, mergeHeader, readQuery } from '../core/wire/request-info.ts';
import { serveClientFiles } from './client-files.ts';
import { serveApplication } from './http-proxy.ts';
import { LocalExchange, statusLine } from './local-exchange.ts';
import { LocalUpgrade, type SocketData } from './local-upgrade.ts';
import type { SpareCork } from './spare-cork.ts';
import { type ChildApp, DISABLED, SHARED_COMPRESSOR } from './uws.ts';

/** A message this much over the limit still reaches us, so that it can be answered with a close code. */
const OVERSIZE_SLACK_BYTES = 64 * 1024;
/** uWebSockets.js takes no longer idle time-out; a backstop behind our heartbeat, for sockets that linger after `end`. */
const MAX_IDLE_S = 960;

/** Of each header beside name and value: colon, space, line end. */
const HEADER_LINE_BYTES = 4;

const WEBSOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/** `refusal`: the status for a head that is too large. */
type ReadRequest = EngineRequest & { readonly refusal: number | undefined };

/** Copied out at once: the request is dead when its handler returns. */
function readRequest(res: HttpResponse, req: HttpRequest, spec: ServerSpec, relayed: boolean): ReadRequest {
  const headers: Headers = {};
  let headerBytes = 0;
  req.forEach((name, value) => {
    headerBytes += name.length + value.length + HEADER_LINE_BYTES;
    mergeHeader(headers, name, value);
  });
  const client = relayed ? parseRelayedClient(String(headers[RELAY_HEADER] ?? '')) : undefined;
  if (relayed) delete headers[RELAY_HEADER];
  const search = req.getQuery();
  const url = search === undefined || search === '' ? req.getUrl() : `${req.getUrl()}?${search}`;
  const query = readQuery(url);
  return {
    query,
    refusal: refusalOf(url, headerBytes, spec),
    info: {
      method: req.getCaseSensitiveMethod(),
      url,
      headers,
      address: client?.address ?? formatAddress(new Uint8Array(res.getRemoteAddress())),
      port: client?.port,
      secure: client?.secure ?? spec.tls !== null,
      revision: revisionFrom(query),
      base64: wantsBase64(query),
    },
  };
}

function idleTimeout({ pingInterval, pingTimeout }: ServerSpec): number {
  const seconds = Math.ceil(((pingInterval + pingTimeout) * 2) / 1000);
  return seconds > MAX_IDLE_S ? 0 : Math.max(seconds, 120);
}

/** Where requests of one app belong. */
export interface EnginePlace {
  readonly agent: IoAgent;
  readonly spec: ServerSpec;
  /** The app listens on a private socket, behind a relay that names the client; on any other that is not believed. */
  readonly relayed: boolean;
  /** False once the thread is down: the coordinator ends its sessions, and nothing may follow that. */
  readonly alive: () => boolean;
  /** For upgrades that are accepted late. */
  readonly cork: SpareCork;
}

export function serveEngine(app: ChildApp, place: EnginePlace): void {
  const { spec, relayed, alive } = place;
  if (spec.client !== null) serveClientFiles(app, spec, spec.client);
  for (const pattern of spec.addTrailingSlash ? [`${spec.path}/*`] : [spec.path, `${spec.path}/*`]) {
    if (spec.transports.includes('websocket')) serveWebSockets(app, pattern, place);
    app.any(pattern, (res, req) => {
      if (alive()) http(res, req, place);
      else res.writeStatus(statusLine(503)).end(undefined, true);
    });
  }
  if (spec.application !== null && !relayed) serveApplication(app, spec.application, spec.tls !== null);
  else app.any('/*', (res) => void res.writeStatus(statusLine(404)).end());
}

function serveWebSockets(app: ChildApp, pattern: string, place: EnginePlace): void {
  const { agent, spec, alive } = place;
  app.ws<SocketData>(pattern, {
    compression: spec.perMessageDeflate === null ? DISABLED : SHARED_COMPRESSOR,
    maxPayloadLength: spec.maxHttpBufferSize + OVERSIZE_SLACK_BYTES,
    maxBackpressure: 0, // above it, frames of one packet would be dropped one by one
    idleTimeout: idleTimeout(spec),
    sendPingsAutomatically: false,
    upgrade(res, req, context) {
      if (alive()) upgrade(res, req, context, place);
      else res.writeStatus(statusLine(503)).end(undefined, true);
    },
    open: (socket) => agent.opened(socket.getUserData().owner, socket),
    message(socket, message, isBinary) {
      if (alive()) agent.frame(socket.getUserData().owner, new Uint8Array(message), isBinary);
    },
    close(socket, code, message) {
      if (!alive()) return;
      const tooBig = code === 1009 || (code === 1006 && Buffer.from(message).includes('too big'));
      agent.closed(socket.getUserData().owner, tooBig);
    },
  });
}

function http(res: HttpResponse, req: HttpRequest, { agent, spec, relayed }: EnginePlace): void {
  const request = readRequest(res, req, spec, relayed);
  const { method, headers } = request.info;
  const exchange = new LocalExchange(res, {
    compression: spec.httpCompression,
    acceptEncoding: headers['accept-encoding'] as string | undefined,
    onAbort: (action) => agent.body(action),
  });
  if (request.refusal !== undefined) {
    exchange.answer({ status: request.refusal, close: true });
    return;
  }
  const announced = Number(headers['content-length'] ?? 0);
  const intake = method === 'POST' ? exchange.intake(spec.maxHttpBufferSize, announced, spec.bodyTimeout) : undefined;
  agent.http(spec.server, request, exchange, (receiver) => intake?.accept(receiver));
}

function upgrade(
  res: HttpResponse,
  req: HttpRequest,
  context: us_socket_context_t,
  { agent, spec, relayed, cork }: EnginePlace,
): void {
  const request = readRequest(res, req, spec, relayed);
  if (request.refusal !== undefined) {
    res.writeStatus(statusLine(request.refusal)).end(undefined, true);
    return;
  }
  const socket = new LocalUpgrade(res, context, request.info.headers, cork);
  const fault = faultOf(request.info.headers);
  if (fault === undefined) agent.upgrade(spec.server, request, socket);
  else socket.refuse(BAD_REQUEST, { message: fault }, 400, fault);
  if (socket.open) socket.park((action) => agent.body(action));
}

/** What is wrong with a WebSocket request that uWebSockets.js would let pass; undefined when nothing is. */
function faultOf(headers: Headers): string | undefined {
  if (String(headers.upgrade).toLowerCase() !== 'websocket') return 'Invalid Upgrade header, expected websocket';
  if (!WEBSOCKET_KEY.test(String(headers['sec-websocket-key'])))
    return 'Invalid Sec-WebSocket-Key header, expected 16 bytes in base64';
  const version = headers['sec-websocket-version'];
  if (version !== '13' && version !== '8') return 'Invalid Sec-WebSocket-Version header, expected 13';
  return undefined;
}

function refusalOf(url: string, headerBytes: number, { maxUrlBytes, maxHeaderBytes }: ServerSpec): number | undefined {
  if (Buffer.byteLength(url) > maxUrlBytes) return 414;
  return headerBytes > maxHeaderBytes ? 431 : undefined;
}

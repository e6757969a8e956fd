/**
 * The routes of one Server on one I/O thread: turns uWebSockets.js requests and events into calls of the agent.
 */
import type { HttpRequest, HttpResponse, us_socket_context_t } from 'uWebSockets.js';
import { refuseHandshake, revisionFrom, wantsBase64 } from '../core/agents/io/handshake.ts';
import type { IoAgent } from '../core/agents/io/io-agent.ts';
import type { ServerSpec } from '../core/agents/segment.ts';
import { formatAddress } from '../core/wire/address.ts';
import { CONNECTION_ERRORS, connectionErrorBody } from '../core/wire/connection-errors.ts';
import { type Headers, mergeHeader, parseQuery, type RequestInfo } from '../core/wire/request-info.ts';
import { type ChildApp, DISABLED } from './uws.ts';

/** A message this much over the limit still reaches us, so that it can be answered with a close code. */
const OVERSIZE_SLACK_BYTES = 64 * 1024;
/** uWebSockets.js takes no longer idle time-out; a backstop behind our heartbeat, for sockets that linger after `end`. */
const MAX_IDLE_S = 960;

interface SocketData {
  local: number;
  /** Dropped once the session is open. */
  info: RequestInfo | undefined;
}

function requestInfo(res: HttpResponse, req: HttpRequest, query: Record<string, string | string[]>): RequestInfo {
  const headers: Headers = Object.create(null);
  req.forEach((name, value) => mergeHeader(headers, name, value));
  const search = req.getQuery();
  return {
    method: req.getCaseSensitiveMethod(),
    url: search === undefined || search === '' ? req.getUrl() : `${req.getUrl()}?${search}`,
    headers,
    address: formatAddress(new Uint8Array(res.getRemoteAddress())),
    secure: false,
    revision: revisionFrom(query),
    base64: wantsBase64(query),
  };
}

function idleTimeout({ pingInterval, pingTimeout }: ServerSpec): number {
  const seconds = Math.ceil(((pingInterval + pingTimeout) * 2) / 1000);
  return seconds > MAX_IDLE_S ? 0 : Math.max(seconds, 120);
}

/** @param alive false once the thread is down: the coordinator ends its sessions, and nothing may follow that */
export function serveEngine(app: ChildApp, agent: IoAgent, spec: ServerSpec, alive: () => boolean): void {
  const pattern = `${spec.path}/*`;

  app.ws<SocketData>(pattern, {
    compression: DISABLED,
    maxPayloadLength: spec.maxHttpBufferSize + OVERSIZE_SLACK_BYTES,
    maxBackpressure: 0, // above it, frames of one packet would be dropped one by one
    idleTimeout: idleTimeout(spec),
    sendPingsAutomatically: false,
    upgrade(res, req, context) {
      if (alive()) upgrade(res, req, context, agent, spec);
      else res.writeStatus('503 Service Unavailable').end(undefined, true);
    },
    open(socket) {
      const data = socket.getUserData();
      agent.opened(data.local, socket, data.info as RequestInfo);
      data.info = undefined;
    },
    message(socket, message, isBinary) {
      if (alive()) agent.message(socket.getUserData().local, new Uint8Array(message), isBinary);
    },
    close(socket, code, message) {
      if (!alive()) return;
      const tooBig = code === 1009 || (code === 1006 && Buffer.from(message).includes('too big'));
      agent.closed(socket.getUserData().local, tooBig);
    },
  });

  app.any(pattern, (res, req) => {
    const query = parseQuery(`?${req.getQuery() ?? ''}`);
    const method = req.getCaseSensitiveMethod();
    const code = refuseHandshake({ method, query, upgrade: false, allowEIO3: spec.allowEIO3 }) as number;
    res.writeStatus('400 Bad Request').writeHeader('Content-Type', 'application/json').end(connectionErrorBody(code));
  });
  app.any('/*', (res) => {
    res.writeStatus('404 Not Found').end();
  });
}

function upgrade(
  res: HttpResponse,
  req: HttpRequest,
  context: us_socket_context_t,
  agent: IoAgent,
  spec: ServerSpec,
): void {
  const query = parseQuery(`?${req.getQuery() ?? ''}`);
  const method = req.getCaseSensitiveMethod();
  const code = refuseHandshake({ method, query, upgrade: true, allowEIO3: spec.allowEIO3 });
  if (code !== undefined) {
    res.writeStatus('400 Bad Request').writeHeader('Content-type', 'text/html').end(CONNECTION_ERRORS[code], true);
    return;
  }
  const info = requestInfo(res, req, query);
  const local = agent.reserve(spec.server, info);
  if (local < 0) {
    res.writeStatus('503 Service Unavailable').end('Too many connections', true);
    return;
  }
  const data: SocketData = { local, info };
  res.upgrade(
    data,
    req.getHeader('sec-websocket-key'),
    req.getHeader('sec-websocket-protocol'),
    req.getHeader('sec-websocket-extensions'),
    context,
  );
}

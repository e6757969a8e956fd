/**
 * One request or upgrade of a Node server, forwarded to the private socket of an I/O thread. App thread.
 *
 * The client's address travels in a header that only this file writes: what a client sends under that name is dropped,
 * and no byte of a client reaches the socket as it is before the I/O thread has made a WebSocket of the connection.
 */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RELAY_HEADER } from '../agents/relay-address.ts';

/** The I/O threads end a connection that is idle for 8 seconds or more; one kept here must go before. */
const IDLE_MS = 5000;

const agent = new Agent({ keepAlive: true, timeout: IDLE_MS });

/** Headers that belong to one connection, and the one that is ours. */
const DROPPED = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  RELAY_HEADER,
]);

export function forwardRequest(req: IncomingMessage, res: ServerResponse, socketPath: string): void {
  const headers = requestHeaders(req);
  if (req.headers['transfer-encoding'] !== undefined) headers.push('Transfer-Encoding', 'chunked');
  const upstream = httpRequest({ socketPath, method: req.method, path: req.url, headers, agent });
  upstream.on('response', (answer) => {
    const kept = keepHeaders(answer.rawHeaders);
    // The rest of a body that was refused is not read.
    if (answer.headers.connection === 'close' && req.httpVersionMajor === 1) kept.push('Connection', 'close');
    res.writeHead(answer.statusCode ?? 500, kept);
    answer.pipe(res);
    answer.on('error', () => res.destroy());
  });
  upstream.on('error', () => {
    if (res.headersSent) res.destroy();
    else res.writeHead(503).end();
  });
  // Either side may go before the other is done.
  res.on('close', () => {
    if (!res.writableFinished) upstream.destroy();
  });
  req.on('error', () => upstream.destroy());
  req.pipe(upstream);
}

/** @param head what came after the request's head */
export function forwardUpgrade(req: IncomingMessage, socket: Socket, head: Buffer, socketPath: string): void {
  const headers = requestHeaders(req, 'content-length'); // its body, if any, is not read
  headers.push('Connection', 'Upgrade', 'Upgrade', req.headers.upgrade ?? 'websocket');
  const upstream = httpRequest({ socketPath, method: req.method, path: req.url, headers, agent: false });
  upstream.on('upgrade', (answer, tunnel, early) => {
    socket.write(head101(answer), 'latin1');
    splice(socket, head, tunnel as Socket, early);
  });
  upstream.on('response', (answer) => {
    socket.write(responseHead(answer, [...keepHeaders(answer.rawHeaders), 'Connection', 'close']), 'latin1');
    answer.on('error', () => socket.destroy());
    answer.pipe(socket);
  });
  upstream.on('error', () => socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n'));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => upstream.destroy());
  upstream.end();
}

function splice(socket: Socket, head: Buffer, tunnel: Socket, early: Buffer): void {
  if (head.length > 0) tunnel.write(head);
  if (early.length > 0) socket.write(early);
  socket.setTimeout(0);
  socket.setNoDelay(true);
  socket.on('close', () => tunnel.destroy());
  tunnel.on('error', () => socket.destroy());
  tunnel.on('close', () => socket.destroySoon());
  socket.pipe(tunnel);
  tunnel.pipe(socket);
}

const head101 = (answer: IncomingMessage): string => responseHead(answer, answer.rawHeaders);

function responseHead({ statusCode, statusMessage }: IncomingMessage, headers: readonly string[]): string {
  let text = `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`;
  return `${text}\r\n`;
}

function keepHeaders(raw: readonly string[], without?: string): string[] {
  const kept: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i].toLowerCase();
    // HTTP/2 names what is no header with a colon in front.
    if (!DROPPED.has(name) && name !== without && !name.startsWith(':')) kept.push(raw[i], raw[i + 1]);
  }
  return kept;
}

/** The request's headers with the client's address, as only this relay may name it. */
function requestHeaders(req: IncomingMessage, without?: string): string[] {
  const { remoteAddress = '', remotePort = 0, encrypted } = req.socket as Socket & { encrypted?: boolean };
  const headers = keepHeaders(req.rawHeaders, without);
  if (req.headers.host === undefined) headers.push('Host', String(req.headers[':authority'] ?? 'localhost'));
  headers.push(RELAY_HEADER, `${remoteAddress} ${remotePort} ${encrypted === true ? 1 : 0}`);
  return headers;
}

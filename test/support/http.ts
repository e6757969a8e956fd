/**
 * Raw requests to a server under test: exact paths and headers, the whole answer, compressed bodies as they came. Test
 * processes run it. It follows no protocol by itself.
 */
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { within } from './wait-for.ts';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** As it came over the wire. */
  readonly bytes: Buffer;
  readonly text: string;
  /** Of a WebSocket upgrade: it succeeded. */
  readonly upgraded: boolean;
}

export interface Send extends Pick<RequestOptions, 'method' | 'headers' | 'agent'> {
  readonly body?: string | Uint8Array;
  /** Over TLS, any certificate is taken. */
  readonly secure?: boolean;
}

export const POLLING = '/socket.io/?EIO=4&transport=polling';
export const WEBSOCKET = '/socket.io/?EIO=4&transport=websocket';

/** Sends one request, on a connection of its own unless an agent is given. */
export function send(port: number, path: string, { body, secure = false, ...options }: Send = {}): Promise<Answer> {
  const answer = new Promise<Answer>((resolve, reject) => {
    const make = secure ? secureRequest : request;
    const sent = make({ port, path, host: '127.0.0.1', agent: false, rejectUnauthorized: false, ...options });
    sent.on('error', reject);
    sent.on('upgrade', ({ statusCode = 0, headers }, socket) => {
      socket.on('error', () => {}); // a reset is an ending like any other
      socket.destroy();
      resolve({ status: statusCode, headers, bytes: Buffer.alloc(0), text: '', upgraded: true });
    });
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const bytes = Buffer.concat(chunks);
        const { statusCode = 0, headers } = response;
        resolve({ status: statusCode, headers, bytes, text: bytes.toString(), upgraded: false });
      });
    });
    sent.end(body);
  });
  return within(answer, `an answer to ${options.method ?? 'GET'} ${path}`);
}

/** Asks for a WebSocket. */
export function sendUpgrade(port: number, path = WEBSOCKET, headers: Send['headers'] = {}): Promise<Answer> {
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  return send(port, path, { headers: { ...upgrade, ...headers } });
}

/** Opens a polling session and returns its id, with the whole answer. */
export async function openSession(port: number, path = POLLING, options: Send = {}): Promise<Answer & { sid: string }> {
  const answer = await send(port, path, options);
  if (answer.status !== 200) throw new Error(`the handshake was answered ${answer.status} ${answer.text}`);
  return { ...answer, sid: JSON.parse(answer.text.slice(1)).sid };
}

/** Joins the main namespace over polling; resolves once the server has said so. */
export async function joinMain(port: number, sid: string): Promise<void> {
  await send(port, `${POLLING}&sid=${sid}`, { method: 'POST', body: '40' });
  await send(port, `${POLLING}&sid=${sid}`);
}

/**
 * Plays the steps of a case against one server and writes down what both sides saw. Test processes run it.
 * It judges nothing: outcomes are compared by the test.
 */
import type { Case, HttpRequest, Outcome, RawRequest, Revision, Step } from './case.ts';
import { close, text } from './frame-bytes.ts';
import { decodePayload, encodePayload } from './payload.ts';
import { type Frame, RawConnection, type Response } from './raw-connection.ts';
import type { ServerProcess } from './server-process.ts';

const ECHO = '42["echo","end"]';
/** Head fields of every WebSocket request; the key is the example of RFC 6455. */
const UPGRADE_HEADERS: readonly (readonly [string, string])[] = [
  ['Connection', 'Upgrade'],
  ['Upgrade', 'websocket'],
  ['Sec-WebSocket-Version', '13'],
  ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
];

export const upgradeRequest = (target: string, headers: HttpRequest['headers'] = []): HttpRequest => ({
  target,
  headers: [...UPGRADE_HEADERS, ...headers],
});

interface Held {
  readonly connection: RawConnection;
  readonly response: Promise<Response | undefined>;
  readonly request: HttpRequest | RawRequest;
}

export async function runCase(subject: Case, server: ServerProcess): Promise<Outcome> {
  const port = server.port(subject.house ?? 'main');
  const run = new Run(subject, port);
  try {
    for (const step of subject.steps) await run.play(step);
    const lines = await server.report(subject.id, run.opened, !run.stayedOpen);
    return { client: run.notes, server: lines };
  } catch (error) {
    throw new Error(`${subject.id} on ${server.kind}: ${(error as Error).message}; so far: ${run.notes.join(' | ')}`);
  } finally {
    run.destroy();
  }
}

class Run {
  readonly notes: string[] = [];
  /** Sessions the server has opened. */
  opened = 0;
  /** Whether the case ended with a session that still works. */
  stayedOpen = false;

  readonly #key: string;
  readonly #revision: Revision;
  readonly #port: number;
  readonly #sockets = new Map<string, RawConnection>();
  /** Sockets whose request got no 101, or whose end was noted: nothing more is to be seen on them. */
  readonly #over = new Set<string>();
  readonly #held = new Map<string, Held>();
  readonly #connections: RawConnection[] = [];
  #sid = '';
  /** An answer to a CONNECT was seen. */
  #joined = false;

  constructor({ id, revision }: Case, port: number) {
    this.#key = id;
    this.#revision = revision;
    this.#port = port;
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'upgrade':
        await this.#upgrade(step.socket, step.request, step.tail, step.quiet === true);
        break;
      case 'join':
        await this.#join(step.query);
        break;
      case 'join polling':
        await this.#joinPolling(step.query);
        break;
      case 'send':
        this.#socket(step.socket).write(step.bytes);
        break;
      case 'end':
        this.#socket(step.socket).end();
        break;
      case 'reset':
        this.#socket(step.socket).reset();
        break;
      case 'read':
        await this.#read(step.socket, (note) => note.startsWith(step.prefix), step.quiet === true);
        break;
      case 'closing':
        await this.#read(step.socket, () => false, false);
        break;
      case 'alive':
        await this.#alive(step.socket, step.first);
        break;
      case 'http':
        this.#noteResponse(await this.#exchange(step.request), step.request);
        break;
      case 'hold':
        await this.#hold(step.label, step.request);
        break;
      case 'responses':
        await this.#noteHeld(step.labels);
        break;
      case 'abort':
        (this.#held.get(step.label) as Held).connection.destroy();
        break;
      case 'poll':
        await this.#poll(step.query, (packet) => packet.startsWith(step.prefix), step.quiet === true);
        break;
      case 'polling alive':
        await this.#pollingAlive(step.query);
        break;
    }
  }

  destroy(): void {
    for (const connection of this.#connections) connection.destroy();
  }

  // ── WebSocket ──

  async #upgrade(
    name: string,
    request: HttpRequest | RawRequest,
    tail: Buffer | undefined,
    quiet: boolean,
  ): Promise<void> {
    const connection = this.#connect();
    this.#sockets.set(name, connection);
    connection.write(tail === undefined ? this.#bytes(request) : Buffer.concat([this.#bytes(request), tail]));
    const response = await connection.response();
    if (response?.status !== 101) this.#over.add(name);
    if (!quiet || response?.status !== 101) this.#noteResponse(response, request);
  }

  async #join(query: string): Promise<void> {
    await this.#upgrade('a', upgradeRequest(`/socket.io/?${query}&key={key}`), undefined, true);
    if (this.#revision === 4) {
      await this.#read('a', (note) => note.startsWith('text 0'), true);
      this.#socket('a').write(text('40'));
    }
    await this.#read('a', (note) => note.startsWith('text 40'), true);
  }

  async #alive(name: string, first: Buffer | undefined): Promise<void> {
    const connection = this.#socket(name);
    if (first !== undefined) {
      connection.write(first);
      // Packets for a namespace that is still being joined are a violation, and chance: the answer comes first.
      if (!(await this.#read(name, (note) => note.startsWith('text 40{'), false))) return;
    }
    connection.write(text(ECHO));
    const open = await this.#read(name, (note) => note === `text ${ECHO}`, false);
    if (open) this.#stay();
  }

  #stay(): void {
    this.stayedOpen = true;
    const echo = this.notes.indexOf(`text ${ECHO}`);
    if (echo >= 0) this.notes.splice(echo, 1);
    this.notes.push('stays open');
  }

  /** Notes frames until one is the last; false when the connection ended instead. */
  async #read(name: string, isLast: (note: string) => boolean, quiet: boolean): Promise<boolean> {
    const connection = this.#socket(name);
    if (this.#over.has(name)) return false;
    for (;;) {
      const frame = await connection.frame();
      const note = frame === undefined ? 'dropped' : this.#describe(frame);
      const ended = frame === undefined || frame.opcode === 8;
      if (!quiet || ended) this.notes.push(note);
      if (ended) {
        connection.write(close());
        connection.end();
        this.#over.add(name);
        return false;
      }
      if (isLast(note)) return true;
    }
  }

  #describe({ opcode, fin, payload }: Frame): string {
    const part = fin ? '' : ' (unfinished)';
    switch (opcode) {
      case 1:
        this.#meet(payload.toString());
        return `text ${hideIds(payload.toString())}${part}`;
      case 2:
        return `binary ${payload.toString('hex')}${part}`;
      case 8:
        if (!fin) return 'no frame'; // HTTP in place of frames reads like this
        return `closed ${payload.length < 2 ? 1005 : payload.readUInt16BE()}`;
      case 9:
        return `ping ${payload}`;
      case 10:
        return `pong ${payload}`;
      default:
        return `opcode ${opcode}${part}`;
    }
  }

  // ── HTTP ──

  async #exchange(request: HttpRequest | RawRequest): Promise<Response | undefined> {
    const connection = this.#connect();
    connection.write(this.#bytes(request));
    return connection.response('method' in request ? request.method : 'GET');
  }

  async #hold(label: string, request: HttpRequest | RawRequest): Promise<void> {
    const connection = this.#connect();
    connection.write(this.#bytes(request));
    const response = connection.response();
    response.catch(() => {}); // a wait that fails is reported where its outcome is asked for
    this.#held.set(label, { connection, response, request });
    // A connection made later is served later: two answers to others and the held request has been seen.
    for (let i = 0; i < 2; i++) await this.#exchange({ target: '/socket.io/' });
  }

  async #noteHeld(labels: readonly string[]): Promise<void> {
    const from = this.notes.length;
    for (const label of labels) {
      const { response, request } = this.#held.get(label) as Held;
      this.#noteResponse(await response, request);
    }
    this.notes.push(...this.notes.splice(from).sort());
  }

  #noteResponse(response: Response | undefined, { observe = [] }: HttpRequest | RawRequest): void {
    if (response === undefined) {
      this.notes.push('dropped');
      return;
    }
    const { status, headers, body } = response;
    const content = body.toString();
    this.#meet(content);
    const parts = [`${status}`];
    if (headers.has('content-type')) parts.push(`${headers.get('content-type')}`);
    for (const name of observe) parts.push(`${name}: ${hideIds(headers.get(name) ?? '-')}`);
    if (content !== '') parts.push(isText(body) ? hideIds(content) : `<bytes ${body.toString('hex')}>`);
    this.notes.push(parts.join(' | '));
  }

  #bytes(request: HttpRequest | RawRequest): Buffer {
    if ('raw' in request) {
      return typeof request.raw === 'string' ? Buffer.from(this.#fill(request.raw), 'latin1') : request.raw;
    }
    const { method = 'GET', target, headers = [], body } = request;
    const names = new Set(headers.map(([name]) => name.toLowerCase()));
    const lines = [`${method} ${this.#fill(target)} HTTP/1.1`];
    if (!names.has('host')) lines.push('Host: localhost');
    for (const [name, value] of headers) lines.push(`${name}: ${this.#fill(value)}`);
    const content = Buffer.from(body ?? '');
    const framed = names.has('content-length') || names.has('transfer-encoding');
    if (body !== undefined && !framed) lines.push(`Content-Length: ${content.length}`);
    return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), content]);
  }

  // ── polling ──

  async #joinPolling(query: string): Promise<void> {
    const handshake = await this.#exchange({ target: `/socket.io/?${query}&transport=polling&key={key}` });
    if (handshake?.status !== 200) {
      this.#noteResponse(handshake, { target: '' });
      return;
    }
    this.#packets(handshake);
    if (this.#joined) return; // version 2 joins at once
    if (this.#revision === 4) await this.#post(query, '40');
    await this.#poll(query, (packet) => packet.startsWith('40'), true);
  }

  async #pollingAlive(query: string): Promise<void> {
    if (this.#sid === '') return; // the handshake was refused
    // An event that comes before the answer to an implicit CONNECT may be too early.
    if (this.#revision === 3 && !this.#joined) await this.#poll(query, (packet) => packet === '40', false);
    // A session that is closing takes it or not, and says goodbye or not: cases that mean to see that poll by themselves.
    await this.#post(query, ECHO);
    const from = this.notes.length;
    const open = await this.#poll(query, (packet) => packet === ECHO, false);
    this.notes.push(...this.notes.splice(from).filter((note) => note !== 'text 1'));
    if (open) this.#stay();
  }

  #post(query: string, packet: string): Promise<Response | undefined> {
    const payload = encodePayload(this.#revision, [packet]);
    const isForm = query.includes('&j='); // script tags post forms
    const body = isForm ? `d=${encodeURIComponent(payload)}` : payload;
    const headers = [
      ['Content-Type', isForm ? 'application/x-www-form-urlencoded' : 'text/plain;charset=UTF-8'],
    ] as const;
    return this.#exchange({ method: 'POST', target: this.#sessionTarget(query), headers, body });
  }

  /** Packets are noted one by one and noops not at all: how many come in one response is chance. */
  async #poll(query: string, isLast: (packet: string) => boolean, quiet: boolean): Promise<boolean> {
    for (;;) {
      const response = await this.#exchange({ target: this.#sessionTarget(query) });
      if (response?.status !== 200) {
        this.#noteResponse(response, { target: '' });
        return false;
      }
      for (const packet of this.#packets(response)) {
        if (!quiet && packet !== '6') this.notes.push(`text ${hideIds(packet)}`);
        if (isLast(packet)) return true;
      }
    }
  }

  #packets({ headers, body }: Response): string[] {
    const packets = decodePayload(this.#revision, headers.get('content-type') ?? '', body);
    for (const packet of packets) this.#meet(packet);
    return packets;
  }

  #sessionTarget(query: string): string {
    return `/socket.io/?${query}&transport=polling&sid={sid}`;
  }

  // ── all ──

  #connect(): RawConnection {
    const connection = new RawConnection(this.#port);
    this.#connections.push(connection);
    return connection;
  }

  #socket(name: string): RawConnection {
    return this.#sockets.get(name) as RawConnection;
  }

  /** Takes the session id out of an open packet, wherever it stands, and looks for the answer to a CONNECT. */
  #meet(content: string): void {
    if (/(^|:)40\b/.test(content)) this.#joined = true;
    const found = /0\{\\?"sid\\?":\\?"([^"\\]+)\\?",\\?"upgrades/.exec(content);
    if (found === null) return;
    this.#sid = found[1];
    this.opened++;
  }

  #fill(template: string): string {
    return template.replaceAll('{sid}', this.#sid).replaceAll('{key}', this.#key);
  }
}

const hideIds = (content: string): string =>
  content
    .replaceAll(/\b\d+:0\{/g, '<n>:0{') // the length of an open packet depends on that of its id
    .replaceAll(/(\\?"sid\\?":\\?")[^"\\]+/g, '$1<sid>')
    .replaceAll(/\bio=[\w-]{15,}/g, 'io=<sid>');

const isText = (bytes: Buffer): boolean => Buffer.from(bytes.toString()).equals(bytes) && !bytes.includes(0);

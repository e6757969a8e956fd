/**
 * The well-behaved client that shares a server with every case: its echo must come back whatever the case did.
 */
import type { Revision } from './case.ts';
import { text } from './frame-bytes.ts';
import { RawConnection } from './raw-connection.ts';
import { upgradeRequest } from './runner.ts';

export class Bystander {
  readonly #connection: RawConnection;
  #echoes = 0;
  #turn: Promise<void> = Promise.resolve();

  private constructor(port: number) {
    this.#connection = new RawConnection(port);
  }

  static async join(port: number, revision: Revision): Promise<Bystander> {
    const bystander = new Bystander(port);
    const connection = bystander.#connection;
    const { target, headers = [] } = upgradeRequest(`/socket.io/?EIO=${revision}&transport=websocket`);
    const lines = [`GET ${target} HTTP/1.1`, 'Host: localhost', ...headers.map(([name, value]) => `${name}: ${value}`)];
    connection.write(`${lines.join('\r\n')}\r\n\r\n`);
    const response = await connection.response();
    if (response?.status !== 101) throw new Error(`the bystander was answered ${response?.status}`);
    if (revision === 4) connection.write(text('40'));
    await bystander.#expect('40');
    return bystander;
  }

  /** Resolves when an event has been echoed; rejects when it is not, or when the connection ended. One at a time. */
  echo(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      const packet = `42["echo",${++this.#echoes}]`;
      this.#connection.write(text(packet));
      await this.#expect(packet);
    });
    return this.#turn;
  }

  close(): void {
    this.#connection.destroy();
  }

  async #expect(prefix: string): Promise<void> {
    for (;;) {
      const frame = await this.#connection.frame();
      if (frame === undefined || frame.opcode === 8) throw new Error('the bystander was disconnected');
      const packet = frame.payload.toString();
      if (packet === '2') this.#connection.write(text('3'));
      if (packet.startsWith(prefix)) return;
    }
  }
}

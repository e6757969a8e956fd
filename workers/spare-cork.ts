/**
 * The cork of a connection that an I/O thread keeps to itself, for the upgrades it accepts late.
 *
 * A WebSocket must not be made inside the cork of its own response once the request's handler has returned: at the end of
 * that cork uWebSockets.js looks up the state of the response, in memory that the upgrade has already given back, and now
 * and then closes the new socket for what it finds there. Outside of every cork it warns on stderr. Inside the cork of
 * any other connection of the thread it does neither.
 */
import { App, type HttpResponse, us_listen_socket_close, us_socket_local_port } from 'uWebSockets.js';
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { type AcceptorApp, LIBUS_LISTEN_EXCLUSIVE_PORT } from './uws.ts';

const LOOPBACK = '127.0.0.1';

export interface SpareCork {
  /** Runs `callback` at once, inside this cork or whichever is open already. */
  run(callback: () => void): void;
  /** Before the thread ends. */
  close(): void;
}

/** @throws (rejects) when the thread cannot reach itself over the loopback address */
export function openSpareCork(): Promise<SpareCork> {
  const app = App();
  return new Promise<SpareCork>((resolve, reject) => {
    const path = `/${randomUUID()}`; // whoever else finds the port in its short life gets nothing
    const listen = (app as unknown as AcceptorApp).listen.bind(app);
    listen(LOOPBACK, 0, LIBUS_LISTEN_EXCLUSIVE_PORT, (socket) => {
      if (!socket) {
        reject(new Error(`cannot listen on ${LOOPBACK}`));
        return;
      }
      const client = connect(us_socket_local_port(socket), LOOPBACK);
      client.unref();
      client.on('error', reject);
      let open = true;
      const close = (): void => {
        open = false;
        client.destroy();
        app.close();
      };
      app.get(path, (res: HttpResponse) => {
        us_listen_socket_close(socket);
        res.onAborted(() => {
          if (open) throw new Error('an I/O thread lost the connection it keeps to itself');
        });
        resolve({ run: (callback) => void res.cork(callback), close });
      });
      client.write(`GET ${path} HTTP/1.1\r\nHost: ${LOOPBACK}\r\n\r\n`);
    });
  }).catch((error: unknown) => {
    app.close();
    throw error;
  });
}

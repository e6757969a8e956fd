/** The ways in with options: a server of Node, a port, or options first and either of them later. */
import { createServer } from 'node:http';
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const options = {
  path: '/test',
  serveClient: false,
  pingInterval: 10000,
  pingTimeout: 5000,
  cookie: false,
};

const withPort = new Server(PORT, options);
announce(withPort.httpServer, 'a port on');

const server = createServer();
Server(server, options); // `new` may be left out
server.listen(0, () => announce(server, 'a server on'));

const later = new Server({ path: '/test', serveClient: false });
later.attach(0, { pingInterval: 10000, pingTimeout: 5000, cookie: false });
announce(later.httpServer, 'a port later on');

const attached = createServer();
new Server({ path: '/test', serveClient: false }).attach(attached, { pingInterval: 10000, pingTimeout: 5000 });
attached.listen(0, () => announce(attached, 'a server later on'));

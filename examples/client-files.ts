/** The path of all requests, and whether the client's script is served under it: set before the Server listens. */
import { createServer } from 'node:http';
import { Server } from '../core/index.ts';
import { announce, PORT } from './port.ts';

const own = new Server();
own.path('/myownpath');
own.attach(PORT);
announce(own.httpServer, `${own.path()} with files on`);

const http = createServer((_request, response) => {
  response.statusCode = 404;
  response.end();
});
const bare = new Server();
bare.serveClient(false);
bare.attach(http);
http.listen(0, () => announce(http, `${bare.path()} without files on`));

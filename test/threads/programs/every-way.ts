/** Serves by every way in at once, with TLS, an application and Node servers. Argument: how it ends. */
import { createServer } from 'node:http';
import { Server } from '../../../core/index.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { say } from './host.ts';

const { key, cert, remove } = makeCertificate();
remove();
const one = createServer().listen(0);
const two = createServer().listen(0);
const application = createServer((_req, res) => res.end('mine'));
const shared = new Server({ ioThreads: 2 });
shared.attach(one as never).attach(two as never);
const own = new Server(0, { ioThreads: 2, key, cert, http: application });
const { port } = shared.listen(0).httpServer.address() as { port: number };
const [ours, mine] = await Promise.all([
  fetch(`http://127.0.0.1:${port}/socket.io/?EIO=4&transport=polling`),
  fetch(`http://127.0.0.1:${(one.address() as { port: number }).port}/socket.io/?EIO=4&transport=polling`),
]);
say('answers', [ours.status, mine.status]);
if (process.argv[2] === 'close') await Promise.all([shared.close(), own.close()]);
else if (process.argv[2] === 'exit') process.exit(0);
else throw new Error('an error of the application');

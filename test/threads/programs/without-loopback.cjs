// Preloaded into every thread: a machine, such as a bare sandbox, whose loopback device is down.
const net = require('node:net');
const { syncBuiltinESMExports } = require('node:module');

const { connect } = net;
net.connect = (port, host, ...rest) => {
  if (host !== '127.0.0.1') return connect(port, host, ...rest);
  const socket = new net.Socket();
  const error = Object.assign(new Error(`connect ENETUNREACH 127.0.0.1:${port}`), { code: 'ENETUNREACH' });
  process.nextTick(() => socket.destroy(error));
  return socket;
};
syncBuiltinESMExports();

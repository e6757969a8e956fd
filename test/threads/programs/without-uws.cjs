// Preloaded into a program and its threads: uWebSockets.js finds no binary, as on a Node version that it does not support.
const { Module } = require('node:module');

const load = Module._load;
Module._load = function (request, ...rest) {
  if (/uws_\w+\.node$/.test(request)) throw new Error('no binary for this version');
  return load.call(this, request, ...rest);
};

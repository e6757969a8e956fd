/**
 * Polling payloads of both revisions, as a client writes and reads them; written for the tests alone, so that a mistake
 * in the library's own codec shows.
 */
import type { Revision } from './case.ts';

const SEPARATOR = '\x1e';

export const encodePayload = (revision: Revision, packets: readonly string[]): string =>
  revision === 4 ? packets.join(SEPARATOR) : packets.map((packet) => `${packet.length}:${packet}`).join('');

/** The packets of a response; binary ones read as `<bytes …>`. JSONP is taken out of its call first. */
export function decodePayload(revision: Revision, contentType: string, body: Buffer): string[] {
  if (contentType === 'application/octet-stream') return decodeBinary(body);
  const jsonp = /^___eio\[\d*\]\((.*)\);$/s.exec(body.toString());
  const content = jsonp === null ? body.toString() : (JSON.parse(jsonp[1]) as string);
  return revision === 4 ? content.split(SEPARATOR) : decodeLengths(content);
}

function decodeLengths(content: string): string[] {
  const packets: string[] = [];
  for (let at = 0; at < content.length; ) {
    const colon = content.indexOf(':', at);
    const length = Number(content.slice(at, colon));
    if (colon < 0 || !Number.isInteger(length)) throw new Error(`not a payload: ${content}`);
    packets.push(content.slice(colon + 1, colon + 1 + length));
    at = colon + 1 + length;
  }
  return packets;
}

function decodeBinary(body: Buffer): string[] {
  const packets: string[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf(0xff, at);
    const length = Number([...body.subarray(at + 1, end)].join(''));
    const content = body.subarray(end + 1, end + 1 + length);
    packets.push(body[at] === 0 ? content.toString() : `<bytes ${content.toString('hex')}>`);
    at = end + 1 + length;
  }
  return packets;
}

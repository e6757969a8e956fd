/**
 * JSONP polling: answers as a script that calls back, bodies as a form (BEHAVIOUR 2.15).
 * I/O threads run it, around the payload formats. The callback's index is digits and nothing else, whatever was asked.
 */
import { parse } from 'node:querystring';

/** Fields of a form that are looked at, the rest is left; clients send one. */
const MAX_FORM_FIELDS = 1000;

const FORM_FIELD = 'd';

/**
 * The callback index of a session, taken once from the query of its handshake.
 *
 * @param j value of the query parameter `j`
 * @returns its digits, possibly none; undefined when the request is no JSONP request (`j` missing or repeated)
 */
export function jsonpIndex(j: string | readonly string[] | undefined): string | undefined {
  return typeof j === 'string' ? j.replace(/[^0-9]/g, '') : undefined;
}

/**
 * The script that hands a payload to the page.
 *
 * @param index from `jsonpIndex`
 * @param payload a payload in text form, valid UTF-8
 */
export function encodeJsonp(index: string, payload: Uint8Array): Buffer {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  // JSON allows the two line separators inside strings, older JavaScript does not.
  const literal = JSON.stringify(text).replace(/[\u2028\u2029]/g, (found) =>
    found === '\u2028' ? '\\u2028' : '\\u2029',
  );
  return Buffer.from(`___eio[${index}](${literal});`);
}

/**
 * The payload inside a form-encoded body. Clients write a newline as backslash n, because forms change newlines, and put
 * one more backslash before a backslash n that is meant as such; both are undone.
 *
 * @param body bytes of any content; malformed escapes stay as they are, ill-formed UTF-8 becomes U+FFFD
 * @returns the payload in text form; undefined when the form has no field `d`, or several: the body is ignored
 */
export function decodeJsonpBody(body: Uint8Array): Buffer | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  const payload = parse(text, '&', '=', { maxKeys: MAX_FORM_FIELDS })[FORM_FIELD];
  if (typeof payload !== 'string') return undefined;
  // At most one backslash is looked at before the pair, so a long run of them costs one step each.
  return Buffer.from(payload.replace(/\\?\\n/g, (found) => (found.length === 2 ? '\n' : '\\n')));
}

/**
 * A key and a certificate made for one test run by the openssl program. Test processes run it; nothing of it is stored
 * in the repository.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly keyFile: string;
  readonly certFile: string;
  readonly key: string;
  readonly cert: string;
  /** The same key, encrypted. */
  readonly lockedKey: string;
  readonly passphrase: string;
  remove(): void;
}

/** For 127.0.0.1, signed by itself. @throws when there is no openssl */
export function makeCertificate(): Certificate {
  const folder = mkdtempSync(join(tmpdir(), 'certificate-'));
  const keyFile = join(folder, 'key.pem');
  const certFile = join(folder, 'cert.pem');
  const lockedFile = join(folder, 'locked.pem');
  const passphrase = 'open sesame';
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-keyout', keyFile, '-out', certFile, '-days', '2', '-subj', '/CN=127.0.0.1');
  openssl('pkey', '-in', keyFile, '-aes-256-cbc', '-passout', `pass:${passphrase}`, '-out', lockedFile);
  return {
    keyFile,
    certFile,
    key: readFileSync(keyFile, 'utf8'),
    cert: readFileSync(certFile, 'utf8'),
    lockedKey: readFileSync(lockedFile, 'utf8'),
    passphrase,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/**
 * What cases may need that Broadside lacks so far, with the reason. Remove an entry and its cases are compared.
 * Until then they run against the reference servers only, so that the cases themselves stay right.
 */
export type Need = 'polling' | 'upgrade' | 'cors' | 'transports';

const NOT_YET = 'Broadside serves WebSocket only so far';

export const UNSUPPORTED: Partial<Record<Need, string>> = {
  polling: NOT_YET,
  upgrade: NOT_YET,
  cors: 'Broadside sends no CORS headers so far',
  transports: NOT_YET,
};

/**
 * What cases may need that Broadside lacks so far, with the reason. Remove an entry and its cases are compared.
 * Until then they run against the reference servers only, so that the cases themselves stay right.
 */
export type Need = 'cors';

export const UNSUPPORTED: Partial<Record<Need, string>> = {
  cors: 'Broadside has no CORS options so far',
};

/**
 * What all examples have in common: the port comes from the environment, and the address is printed.
 * Applications write this their own way; it is here so that the tests can run every example on a free port.
 */
interface Listening {
  address(): { port: number } | string | null;
}

/** The variable PORT, by default 0, which means any free port. */
export const PORT = Number(process.env.PORT ?? 0);

/** Prints where a server listens, after `words`. */
export function announce(server: Listening, words = 'listening on'): void {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server does not listen on a port');
  console.log(`${words} http://localhost:${address.port}`);
}

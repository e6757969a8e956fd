/**
 * The servers that each process of the differential test runs side by side: one set of options, one port each.
 * Test process and server processes read it.
 */
interface House {
  readonly options: Readonly<Record<string, unknown>>;
}

/** Long enough to never fire while the table runs. */
const QUIET = { pingInterval: 25_000, pingTimeout: 20_000 };

/** Bytes of one message at most, in every house but one: small, so that cases at the limit stay small. */
export const LIMIT_BYTES = 20_000;

export const GOOD_ORIGIN = 'https://good.example';

/** Refuses requests whose query has `refuse`, with its value as the message if there is one. */
function allowRequest(
  { url = '' }: { readonly url?: string },
  decide: (error: string | null, success: boolean) => void,
): void {
  const refuse = new URL(url, 'http://localhost').searchParams.get('refuse');
  decide(refuse === '' ? null : refuse, refuse === null);
}

export const HOUSES = {
  main: { options: { ...QUIET, allowEIO3: true, maxHttpBufferSize: LIMIT_BYTES } },
  /** With room for bodies of very many packets. */
  roomy: { options: { ...QUIET, allowEIO3: true, maxHttpBufferSize: 60_000 } },
  /** For revision 4 alone, with a short time to join. */
  strict: { options: { ...QUIET, allowEIO3: false, connectTimeout: 150, maxHttpBufferSize: LIMIT_BYTES } },
  /** One foreign page may use it. */
  cors: {
    options: {
      ...QUIET,
      allowEIO3: true,
      maxHttpBufferSize: LIMIT_BYTES,
      cors: { origin: GOOD_ORIGIN, credentials: true },
    },
  },
  pollingOnly: {
    options: { ...QUIET, allowEIO3: true, maxHttpBufferSize: LIMIT_BYTES, transports: ['polling'] },
  },
  websocketOnly: {
    options: { ...QUIET, allowEIO3: true, maxHttpBufferSize: LIMIT_BYTES, transports: ['websocket'] },
  },
  /** Little patience with an upgrade. */
  hasty: {
    options: { ...QUIET, allowEIO3: true, maxHttpBufferSize: LIMIT_BYTES, upgradeTimeout: 100 },
  },
  /** The application decides who may come in. */
  guarded: { options: { ...QUIET, allowEIO3: true, maxHttpBufferSize: LIMIT_BYTES, allowRequest } },
  /** The way of Socket.IO 2 to name the pages that may use it; version 4 does not know it. */
  origins: { options: { ...QUIET, allowEIO3: true, maxHttpBufferSize: LIMIT_BYTES, origins: `${GOOD_ORIGIN}:443` } },
} as const satisfies Record<string, House>;

/** Houses where the bystander, who comes by WebSocket and from no page, is not let in. */
export const CLOSED_HOUSES: readonly string[] = ['pollingOnly', 'origins'];

export type HouseName = keyof typeof HOUSES;

export const houses = Object.entries(HOUSES) as [HouseName, House][];

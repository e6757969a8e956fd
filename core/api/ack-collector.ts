/**
 * Gathers the answers to one broadcast. App thread.
 * It ends once: when every recipient of every server has answered or is gone, or when time is over.
 */
import { timeoutError } from './acks.ts';
import type { AdapterBridge, BroadcastOptions } from './adapter-bridge.ts';
import type { Packet } from './parser.ts';

/**
 * @param timeout ms; undefined for no limit
 * @param callback gets the first argument of each answer in order of arrival, and an error when some are missing
 */
export function collectAcks(
  bridge: AdapterBridge,
  packet: Packet,
  opts: BroadcastOptions,
  timeout: number | undefined,
  callback: (error: Error | null, responses: unknown[]) => void,
): void {
  const responses: unknown[] = [];
  let recipients = 0;
  let lost = 0;
  let reports = 0;
  let servers = Number.POSITIVE_INFINITY;
  let finished = false;
  let stopWaiting: (() => void) | undefined;
  let timer: NodeJS.Timeout | undefined;
  const finish = (error: Error | null): void => {
    if (finished) return;
    finished = true;
    clearTimeout(timer);
    stopWaiting?.();
    callback(error, responses);
  };
  const check = (): void => {
    if (reports >= servers && responses.length + lost >= recipients) finish(lost > 0 ? timeoutError() : null);
  };
  stopWaiting = bridge.broadcastWithAck(
    packet,
    opts,
    (count) => {
      recipients += count;
      reports++;
      check();
    },
    (answer) => {
      responses.push(answer);
      check();
    },
    () => {
      lost++;
      check();
    },
  );
  if (timeout !== undefined) timer = setTimeout(() => finish(timeoutError()), timeout);
  // Until then `servers` keeps a broadcast without recipients from ending within the call.
  bridge.serverCount().then((count) => {
    servers = count;
    check();
  }, finish);
}

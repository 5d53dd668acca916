/** A stream of changes as it comes in, told in the SDK's words until it ends. What our own server sends is in its `push/event-text.ts`. */
import { DecodeError } from '../protocol/decode-error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { AbortLink } from './abort-link.ts';
import { EventStreamParser, EventTooLarge, type ServerSentEvent } from './event-stream.ts';
import type { HttpAnswer } from './http-client.ts';
import { IdleTimer } from './idle-timer.ts';
import type { StreamEnd, StreamEvent } from './registry-api.ts';
import { capabilitiesOf, cursorOf, listedOf } from './wire-answers.ts';

export const STREAM_ACCEPT = 'text/event-stream';
/** Our server says something each 15 s: three times missed. */
const SILENT_MS = 45_000;

export interface StreamReading {
  readonly answer: HttpAnswer;
  readonly link: AbortLink;
  readonly server: string;
  readonly clock: Clock;
  readonly listener: (event: StreamEvent) => void;
  /** The stream is given up after so long as if the server had said goodbye; undefined: never. */
  readonly leaveMs: number | undefined;
}

class Ended extends Error {
  override readonly name = 'Ended';
  constructor(readonly is: StreamEnd) {
    super(is);
  }
}

/**
 * Resolves when the stream is over; rejects only with what the listener throws.
 *
 * @returns `broken`: what the server sent that it must not, if that is why
 */
export async function readStream(reading: StreamReading): Promise<{ readonly is: StreamEnd; readonly broken?: Error }> {
  const { answer, link, clock, leaveMs } = reading;
  const end = (is: StreamEnd) => (): void => link.abort(new Ended(is));
  const idle = new IdleTimer(clock, SILENT_MS, end('silent'));
  const leave = leaveMs === undefined ? undefined : clock.after(leaveMs, end('bye'));
  let listening = true;
  let thrown: unknown;
  const parser = new EventStreamParser((event) => {
    if (!listening) return;
    try {
      if (tell(event, reading) !== 'bye') return;
      listening = false;
      link.abort(new Ended('bye'));
    } catch (error) {
      thrown = error;
      throw error;
    }
  });
  const decoder = new TextDecoder();
  try {
    for await (const piece of answer.body) {
      if (link.signal.aborted) break;
      idle.heard();
      parser.push(decoder.decode(piece, { stream: true }));
    }
    return { is: endOf(link) };
  } catch (error) {
    if (link.signal.aborted) return { is: endOf(link) };
    if (error instanceof DecodeError || error instanceof EventTooLarge) return { is: 'lost', broken: error };
    // What a listener throws is a fault of ours, and must not look like one of the network.
    if (error === thrown) throw error;
    return { is: 'lost' };
  } finally {
    listening = false;
    idle.cancel();
    leave?.cancel();
    link.abort(new Ended('aborted'));
  }
}

function endOf({ signal }: AbortLink): StreamEnd {
  if (!signal.aborted) return 'lost';
  return signal.reason instanceof Ended ? signal.reason.is : 'aborted';
}

/** @throws {DecodeError} for an event that says what it cannot mean */
function tell(event: ServerSentEvent, { listener, server, answer }: StreamReading): 'bye' | undefined {
  const cursor = cursorOf(event.id);
  if (event.event === undefined) {
    listener({ is: 'alive', cursor });
    return undefined;
  }
  if (event.event === 'bye') return 'bye';
  if (event.event !== 'hello' && event.event !== 'delta' && event.event !== 'gap' && event.event !== 'reset') {
    // A later server's word: it is alive, and stands where it says.
    listener({ is: 'alive', cursor });
    return undefined;
  }
  if (cursor === undefined) throw new DecodeError('', `is an event ${event.event} without a cursor`);
  if (event.event === 'hello') listener({ is: 'hello', server, cursor });
  else if (event.event === 'delta') {
    const list = listedOf(event.data, answer.headers, server);
    listener({ is: 'delta', listed: { ...list, cursor, capabilities: capabilitiesOf(answer.headers) } });
  } else listener({ is: event.event, cursor });
  return undefined;
}

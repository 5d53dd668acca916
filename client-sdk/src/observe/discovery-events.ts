/** Every event of one discovery: typed listeners, and a diagnostics channel beside each. Making an event costs nothing while nobody listens. */
import type { Channel } from 'node:diagnostics_channel';
import type { DiscoveryEvents } from '../api.ts';
import { Emitter } from '../runtime/emitter.ts';
import { EVENT_NAMES, type EventName, eventChannel } from './channels.ts';

class Source<T> {
  readonly emitter = new Emitter<T>();
  readonly channel: Channel;

  constructor(name: EventName) {
    this.channel = eventChannel(name);
  }

  get heard(): boolean {
    return this.emitter.heard || this.channel.hasSubscribers;
  }
}

export class DiscoveryEventSources {
  readonly #sources = new Map<EventName, Source<never>>(EVENT_NAMES.map((name) => [name, new Source<never>(name)]));

  on<E extends EventName>(event: E, listener: (event: DiscoveryEvents[E]) => void): () => void {
    const source = this.#sources.get(event);
    if (source === undefined) {
      throw new RangeError(`an event must be one of ${EVENT_NAMES.join(', ')}, got ${JSON.stringify(event)}`);
    }
    return source.emitter.subscribe(listener as (event: never) => void);
  }

  /** Says whether anybody listens: ask first where making the event costs something. */
  audience(event: EventName): { readonly heard: boolean } {
    return this.#sources.get(event)!;
  }

  /** A listener that throws is told to the process, and stops nobody else. */
  emit<E extends EventName>(event: E, value: DiscoveryEvents[E]): void {
    const source = this.#sources.get(event)!;
    try {
      source.emitter.emit(value as never);
    } catch (error) {
      // The user's own: uncaught, as from any event, but not in the midst of a call.
      queueMicrotask(() => {
        throw error;
      });
    }
    if (source.channel.hasSubscribers) source.channel.publish(value);
  }
}

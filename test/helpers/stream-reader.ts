/** A reader of an event stream over a real socket: takes what comes, or stops taking it. */
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { until } from './until.ts';

export interface ReadEvent {
  readonly id: string | undefined;
  /** Undefined: a comment with an id. */
  readonly event: string | undefined;
  readonly data: unknown;
}

export class StreamReader {
  readonly #request: ClientRequest;
  readonly response: IncomingMessage;
  /** All that came so far. */
  text = '';
  ended = false;

  private constructor(sent: ClientRequest, response: IncomingMessage) {
    this.#request = sent;
    this.response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      this.text += text;
    });
    response.on('error', () => {});
    response.on('close', () => {
      this.ended = true;
    });
  }

  static async open(port: number, query: Readonly<Record<string, string>> = {}): Promise<StreamReader> {
    const sent = request({ host: '127.0.0.1', port, path: `/?${new URLSearchParams(query)}`, agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    sent.on('error', () => {});
    return new StreamReader(sent, response);
  }

  get events(): readonly ReadEvent[] {
    return this.text
      .split('\n\n')
      .slice(0, -1)
      .map((block) => Object.fromEntries(block.split('\n').map((line) => /^(\w*): (.*)$/.exec(line)!.slice(1))))
      .filter((fields) => fields['retry'] === undefined)
      .map(({ id, event, data }) => ({ id, event, data: data === undefined ? undefined : JSON.parse(data) }));
  }

  /** Waits until so many events have come. */
  async until(count: number): Promise<readonly ReadEvent[]> {
    await until(`${count} events`, () => this.events.length >= count, 5_000);
    return this.events;
  }

  /** Goes away without a word. */
  leave(): void {
    this.#request.destroy();
  }
}

/** Ids and statuses of the instances that a delta shows. */
export function shown(event: ReadEvent | undefined): readonly string[] {
  const { applications } = event!.data as { applications: { application: { instance: Shown[] }[] } };
  return applications.application.flatMap(({ instance }) =>
    instance.map(({ app, instanceId, status, actionType }) => `${app}/${instanceId} ${actionType} ${status}`),
  );
}

interface Shown {
  readonly app: string;
  readonly instanceId: string;
  readonly status: string;
  readonly actionType: string;
}

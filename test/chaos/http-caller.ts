/** Requests as a client's own connection sends them: keep-alive, a time-out, and an answer or nothing; never a throw. */
import { Agent, request } from 'node:http';

export interface HttpAnswer {
  readonly status: number;
  readonly etag: string | undefined;
  readonly text: string;
}

export class HttpCaller {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  /** @returns undefined when there was no answer: refused, broken or timed out */
  ask(
    method: string,
    url: string,
    {
      body,
      headers = {},
      timeoutMs = 5_000,
    }: { body?: string; headers?: Record<string, string>; timeoutMs?: number } = {},
  ): Promise<HttpAnswer | undefined> {
    return new Promise((resolve) => {
      const type =
        body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
      const sent = request(url, { method, agent: this.#agent, headers: { ...headers, ...type } }, (answer) => {
        const pieces: Buffer[] = [];
        answer.on('data', (piece: Buffer) => pieces.push(piece));
        answer.on('error', () => resolve(undefined));
        answer.on('end', () => {
          clearTimeout(timer);
          const { etag } = answer.headers;
          resolve({ status: answer.statusCode ?? 0, etag, text: Buffer.concat(pieces).toString() });
        });
      });
      // Of the whole exchange: a stopped process accepts connections and says nothing.
      const timer = setTimeout(() => sent.destroy(), timeoutMs);
      sent.on('error', () => resolve(undefined));
      sent.on('close', () => {
        clearTimeout(timer);
        resolve(undefined);
      });
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/**
 * The other nodes of this registry, asked only when the store is lost: does one of them still have it (then this node is cut off) or does nobody
 * (then the store is away)? (F5) A node that does not answer in time, or by TLS that is not to be trusted, says nothing.
 */
import { get as getHttp } from 'node:http';
import { Agent, get as getHttps } from 'node:https';
import { rootCertificates } from 'node:tls';
import type { NodeReport } from '../store/registry-store.ts';

/** For the whole answer. */
const TIMEOUT_MS = 500;
const MAX_ANSWER = 4_096;
/** More than one has to answer only where they disagree; asking twenty is enough to find one. */
const MAX_ASKED = 20;

/** What this node serves with: its peers are of its kind. */
export interface PeerTls {
  /** PEM, shown to peers that ask for one. Trusted too, as nodes may share one that signed itself. */
  readonly cert: string;
  readonly key: string;
  /** PEM: the authority of those who are let in. */
  readonly clientCa?: string;
}

export class Peers {
  readonly #self: string;
  readonly #tls: PeerTls | undefined;

  /** @param self - id of this node, which is not asked */
  constructor(self: string, tls?: PeerTls) {
    this.#self = self;
    this.#tls = tls;
  }

  /** @returns the URL of a node that follows the store, undefined where none says so in time; never rejects */
  async withStore(nodes: readonly NodeReport[]): Promise<string | undefined> {
    const urls = nodes.filter(({ id, url }) => id !== this.#self && url !== '').map(({ url }) => url);
    const agent = new Agent(this.#tls === undefined ? {} : material(this.#tls));
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const answers = await Promise.all(
      urls.slice(0, MAX_ASKED).map(async (url) => ((await follows(url, agent, signal)) ? url : undefined)),
    );
    return answers.find((url) => url !== undefined);
  }
}

function material({ cert, key, clientCa }: PeerTls): { cert: string; key: string; ca: string[] } {
  // Naming authorities replaces the known ones, by which a peer may be certified too.
  return { cert, key, ca: [...rootCertificates, cert, ...(clientCa === undefined ? [] : [clientCa])] };
}

function follows(url: string, agent: Agent, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let target: URL;
    try {
      target = new URL('/health/store', url);
    } catch {
      resolve(false);
      return;
    }
    const secure = target.protocol === 'https:';
    const request = (secure ? getHttps : getHttp)(target, { signal, ...(secure ? { agent } : {}) }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
        if (text.length > MAX_ANSWER) request.destroy();
      });
      answer.on('end', () => resolve(text.includes('"following"')));
      answer.on('error', () => resolve(false));
    });
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
  });
}

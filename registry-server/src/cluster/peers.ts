/**
 * The other nodes of this registry, asked only when the store is lost: does one of them still have it (then this node is cut off) or does nobody
 * (then the store is away)? (F5)
 */
import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';
import type { NodeReport } from '../store/registry-store.ts';

const TIMEOUT_MS = 500;
const MAX_ANSWER = 4_096;
/** More than one has to answer only where they disagree; asking twenty is enough to find one. */
const MAX_ASKED = 20;

/** @returns the URL of a node that follows the store, undefined where none says so in time; never rejects */
export async function peerWithStore(nodes: readonly NodeReport[], self: string): Promise<string | undefined> {
  const urls = nodes.filter(({ id, url }) => id !== self && url !== '').map(({ url }) => url);
  const answers = await Promise.all(
    urls.slice(0, MAX_ASKED).map(async (url) => ((await follows(url)) ? url : undefined)),
  );
  return answers.find((url) => url !== undefined);
}

function follows(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    let target: URL;
    try {
      target = new URL('/health/store', url);
    } catch {
      resolve(false);
      return;
    }
    const ask = target.protocol === 'https:' ? getHttps : getHttp;
    const request = ask(target, { timeout: TIMEOUT_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
        if (text.length > MAX_ANSWER) request.destroy();
      });
      answer.on('end', () => resolve(text.includes('"following"')));
      answer.on('error', () => resolve(false));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('close', () => resolve(false));
  });
}

/**
 * Views, event streams and XML as `server.ts` puts them together. STAND-IN: encodes per request, JSON lists only, no XML and no events, until
 * `views/`, `push/` and `xml/` have their adapters; then `server.ts` imports those and this file goes.
 */
import type { ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { DecodeError, encodeInstanceJson, type InstanceInfo, type Registration } from '@heureka/client-sdk/protocol';
import type { Clock, Random } from '@heureka/client-sdk/runtime';
import type { ReplicaReader, ServedInstance } from './replica/replica-reader.ts';
import type { EncodedAnswer, Representation, Views } from './views/views.ts';
export const decodeRegistrationXml = (_: string): Registration => {
  throw new DecodeError('', 'no XML yet');
};
export const encodeInstanceXml = (_: InstanceInfo): string => '<instance></instance>';
export function registryViews({
  replica,
  now,
  deltaWindowMs,
}: {
  replica: ReplicaReader;
  clock: Clock;
  now: () => number;
  deltaWindowMs: number;
}): Views {
  const hash = () =>
    [...replica.statusCounts]
      .filter(([, n]) => n > 0)
      .sort()
      .map(([s, n]) => `${s}_${n}_`)
      .join('');
  const list = (all: Iterable<ServedInstance>, v: string, as: Representation, name: string): EncodedAnswer => {
    const apps = new Map<string, string[]>();
    for (const s of all) apps.set(s.app, [...(apps.get(s.app) ?? []), encodeInstanceJson(s.info)]);
    const text =
      as.format === 'xml'
        ? `<applications><versions__delta>${v}</versions__delta><apps__hashcode>${hash()}</apps__hashcode></applications>`
        : `{"applications":{"versions__delta":"${v}","apps__hashcode":"${hash()}","application":[${[...apps].map(([n, i]) => `{"name":${JSON.stringify(n)},"instance":[${i}]}`)}]}}`;
    const body = as.encoding === 'gzip' ? gzipSync(text) : Buffer.from(text);
    return {
      etag: `W/"${replica.cursor.epoch}.${replica.cursor.version}-${name}"`,
      length: body.length,
      chunks: [body],
    };
  };
  return {
    all: (as) => list(replica.all(), '1', as, 'all'),
    delta: (as) =>
      list(
        replica.recent(now() - deltaWindowMs).map((c) => c.delta),
        String(replica.cursor.version),
        as,
        'delta',
      ),
    app: (n, as) => {
      const a = replica.app(n);
      return a && list(a.values(), '1', as, n);
    },
    vip: (n, secure, as) => list(replica.vip(n, secure)?.values() ?? [], '-1', as, n),
    since: (c, _f, encoding) => {
      const [epoch, v] = [c.slice(0, c.lastIndexOf('.')), Number(c.slice(c.lastIndexOf('.') + 1))];
      const ch = replica.after({ epoch, version: v });
      return (
        ch &&
        list(
          ch.map((x) => x.delta),
          String(replica.cursor.version),
          { format: 'json', form: 'full', encoding },
          'since',
        )
      );
    },
  };
}
export function registryEvents(_: { replica: ReplicaReader; views: Views; clock: Clock; random: Random }) {
  const open = new Set<ServerResponse>();
  return {
    get size() {
      return open.size;
    },
    open(r: ServerResponse, h: Readonly<Record<string, string>>) {
      r.writeHead(200, h).flushHeaders();
      open.add(r);
      r.on('close', () => open.delete(r));
    },
    close() {
      for (const r of open) r.end('event: bye\n\n');
    },
  };
}

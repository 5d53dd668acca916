/** A registry filled for a measurement, and single questions to it. */
import { gunzipSync } from 'node:zlib';
import { type Answered, Connection } from './connection.ts';
import { listRequest, registerRequest } from './instances.ts';
import type { LoadResult } from './load-job.ts';
import { Load, type Target } from './processes.ts';
import { check } from './topic.ts';

/** Registers instances 0 to `count - 1`. */
export async function fill(target: Target, count: number, connections = 64): Promise<LoadResult> {
  const requests = Array.from({ length: count }, (_, number) => registerRequest(target, number));
  const load = await Load.open({
    host: target.host,
    port: target.port,
    connections: Math.min(connections, count),
    requests,
  });
  const result = await load.run({ kind: 'once' });
  await load.end();
  onlyStatus(result, [204]);
  return result;
}

export function onlyStatus({ statuses, answers }: LoadResult, wanted: readonly number[]): void {
  const good = wanted.reduce((sum, status) => sum + (statuses[status] ?? 0), 0);
  check(good === answers, `all answers are ${wanted.join(' or ')}: ${JSON.stringify(statuses)}`);
}

/** One question, its answer kept. */
export async function ask({ host, port }: Target, request: string): Promise<Answered & { readonly body: Buffer }> {
  return await new Promise((resolve, reject) => {
    const connection: Connection = new Connection(
      { host, port },
      (answer) => {
        connection.close();
        resolve({ ...answer, body: answer.body! });
      },
      reject,
      true,
    );
    connection.opened().then(() => connection.send(request), reject);
  });
}

/** How many instances a list shows. */
export async function shown(target: Target, path = 'apps'): Promise<number> {
  const { status, body } = await ask(target, listRequest(target, path, true));
  check(status === 200, `GET ${path} is 200, not ${status}`);
  const text = body[0] === 0x1f ? gunzipSync(body).toString() : body.toString();
  return text.split('"instanceId"').length - 1;
}

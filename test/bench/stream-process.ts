/** The process of very many stream readers: opens event streams, makes one change after the other, and tells when each reader heard of it. */
import { Connection } from './connection.ts';
import { registerRequest } from './instances.ts';
import { Listener } from './listener.ts';
import type { Target } from './processes.ts';
import { quantile } from './statistics.ts';
import type { StreamJob, StreamResult } from './stream-job.ts';

/** Opened at once. */
const OPENING = 100;
const WAIT_MS = 5_000;

process.on('message', (job: StreamJob) => {
  run(job).then(
    (result) => process.send!({ is: 'done', result }),
    (error: unknown) => process.send!({ is: 'failed', why: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

async function run({ readers, writer, reader, changes, pauseMs }: StreamJob): Promise<StreamResult> {
  const listeners: Listener[] = [];
  while (listeners.length < readers) {
    const some = Array.from({ length: Math.min(OPENING, readers - listeners.length) }, () => new Listener(reader));
    listeners.push(...some);
    await Promise.all(some.map((listener) => listener.opened));
  }
  const latencies: number[] = [];
  let missed = 0;
  const send = await sender(writer);
  for (let number = 0; number < changes; number++) {
    // A dirty timestamp that stands nowhere else, so it can be searched for without parsing.
    const mark = Date.now() * 10 + (number % 10);
    const heard: number[] = [];
    for (const listener of listeners) listener.listen(`"${mark}"`, () => heard.push(performance.now()));
    const answeredAt = await send(registerRequest(writer, number, 'UP', mark));
    const patientUntil = performance.now() + WAIT_MS;
    while (heard.length < readers && performance.now() < patientUntil) await sleep(5);
    missed += readers - heard.length;
    // Heard before the answer was: no time at all.
    for (const at of heard) latencies.push(Math.max(0, at - answeredAt));
    await sleep(pauseMs);
  }
  for (const listener of listeners) listener.close();
  latencies.sort((a, b) => a - b);
  return {
    heard: latencies.length,
    missed,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    max: latencies.at(-1) ?? 0,
  };
}

/** @returns a function that sends a request, and resolves with the time of its answer */
async function sender({ host, port }: Target): Promise<(request: string) => Promise<number>> {
  let answered: (at: number) => void = () => {};
  const connection = new Connection(
    { host, port },
    ({ status }) => {
      if (status !== 204) throw new Error(`a registration was answered ${status}`);
      answered(performance.now());
    },
    (error) => {
      throw error;
    },
  );
  await connection.opened();
  return (request) =>
    new Promise((resolve) => {
      answered = resolve;
      connection.send(request);
    });
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

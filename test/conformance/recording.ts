/** Recorded exchanges: what was asked of a genuine server, and what it answered. `recorded/` says how they were made. */
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { Asked } from './exchange.ts';

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
}

interface RecordedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyBase64?: string;
}

type RecordedStep =
  | {
      readonly request: RecordedRequest;
      readonly response: RecordedResponse;
      readonly secondsAfterRegistration?: number;
    }
  | { readonly pauseSeconds: number };

/** A server's settings, by the name that the recordings give them. */
export type Profile = 'default' | 'delta-short' | 'delta-off' | 'gated' | 'evicting' | 'preserving';

export interface StockAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. */
  readonly body: string;
}

export type ReplayStep =
  | {
      readonly is: 'ask' /** 1 for the first request. */;
      readonly number: number;
      readonly ask: Asked;
      readonly stock: StockAnswer;
    }
  | { readonly is: 'pause'; readonly seconds: number };

export interface Recording {
  readonly id: string;
  readonly about: string;
  readonly profile: Profile;
  readonly steps: readonly ReplayStep[];
}

const STOCK = new URL('recorded/eureka-java/', import.meta.url);

const read = <T>(path: string): T => JSON.parse(readFileSync(new URL(path, STOCK), 'utf8')) as T;

/** The exchanges of every conformance case; C45 is two. */
export function caseRecordings(): readonly Recording[] {
  return readdirSync(STOCK)
    .filter((name) => /^C\d+[ab]?\.json$/.test(name))
    .sort()
    .map((name) => {
      const file = read<{ about: string; profile: Profile; exchanges: readonly RecordedStep[] }>(name);
      return recording(name.replace('.json', ''), file.about, file.profile, file.exchanges);
    });
}

/** Exchanges about replication, poison and the like: each starts from an empty registry too. */
export function otherRecordings(): readonly Recording[] {
  const replication = readdirSync(new URL('samples/replication/', STOCK)).map((name) => `replication/${name}`);
  return [...replication.sort(), 'poisoned.json', 'not-forwarded.json', 'status.json'].map((name) => {
    const file = read<{ about: string; exchanges: readonly RecordedStep[] }>(`samples/${name}`);
    return recording(name.replace('.json', ''), file.about, 'default', file.exchanges);
  });
}

/** A registry of four applications, filled and then read in every way. */
export function sampleRecording(): Recording {
  const { exchanges } = read<{ exchanges: readonly RecordedStep[] }>('samples/registrations.json');
  const reads =
    read<readonly { file: string; request: RecordedRequest; status: number; headers: Record<string, string> }[]>(
      'samples/index.json',
    );
  const answered = reads.map(({ file, request, status, headers }) => ({
    request,
    response: { status, headers, body: readFileSync(new URL(`samples/${file}`, STOCK), 'utf8') },
  }));
  return recording('samples', 'every read of a filled registry', 'default', [...exchanges, ...answered]);
}

function recording(id: string, about: string, profile: Profile, recorded: readonly RecordedStep[]): Recording {
  const steps: ReplayStep[] = [];
  let number = 0;
  let sinceRegistration = 0;
  for (const step of recorded) {
    if ('pauseSeconds' in step) {
      steps.push({ is: 'pause', seconds: step.pauseSeconds });
      continue;
    }
    const { request, response, secondsAfterRegistration: at } = step;
    if (at !== undefined) {
      steps.push({ is: 'pause', seconds: at - sinceRegistration });
      sinceRegistration = at;
    }
    steps.push({ is: 'ask', number: ++number, ask: asked(request), stock: answered(response) });
  }
  return { id, about, profile, steps };
}

export function asked({ method, path, headers, body, bodyBase64 }: RecordedRequest): Asked {
  const content = bodyBase64 === undefined ? body : Buffer.from(bodyBase64, 'base64');
  return { method, path, headers, ...(content === undefined ? {} : { body: content }) };
}

function answered({ status, headers, body = '', bodyBase64 }: RecordedResponse): StockAnswer {
  if (bodyBase64 === undefined) return { status, headers, body };
  const bytes = Buffer.from(bodyBase64, 'base64');
  const zipped = headers['content-encoding'] === 'gzip' && bytes.length > 0;
  return { status, headers, body: (zipped ? gunzipSync(bytes) : bytes).toString('utf8') };
}

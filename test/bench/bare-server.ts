/**
 * What everything is compared with: `node:http` that answers each request alike, with the same bytes and no thought.
 *
 * @param argv - port; `{ status, headers, file }` as JSON: the head, and the file that holds the body
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { BareAnswer } from './bare-answer.ts';

const [port, text] = process.argv.slice(2) as [string, string];
const { status, headers: given, file } = JSON.parse(text) as BareAnswer;
const body = file === undefined ? undefined : readFileSync(file);
const headers = status === 304 ? given : { ...given, 'content-length': String(body?.length ?? 0) };

const server = createServer({ keepAlive: true, keepAliveTimeout: 600_000 }, (_, response) => {
  response.writeHead(status, headers);
  if (body === undefined) response.end();
  else response.end(body);
});
server.listen(Number(port), '127.0.0.1');

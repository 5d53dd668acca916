/** One instance of a service that uses no SDK: answers, and misbehaves when it is told to. Ends with whoever started it. */
import { createServer } from 'node:http';

/** What it may be told. */
export type Mood =
  | { readonly is: 'well' }
  /** Answers so many times more slowly. */
  | { readonly is: 'slow'; readonly times: number }
  | { readonly is: 'broken'; readonly status: number }
  /** Takes a request and breaks the connection. */
  | { readonly is: 'resetting' };

const WORK_MS = 10;
let mood: Mood = { is: 'well' };
let answered = 0;

const server = createServer((request, response) => {
  request.resume();
  answered++;
  if (mood.is === 'resetting') {
    request.socket.resetAndDestroy();
    return;
  }
  if (mood.is === 'broken') {
    response.writeHead(mood.status).end();
    return;
  }
  const ms = WORK_MS * (0.5 + Math.random()) * (mood.is === 'slow' ? mood.times : 1);
  setTimeout(() => response.end(process.env['INSTANCE_NAME']), ms);
});

process.on('message', (told: Mood | 'answered?') => {
  if (told === 'answered?') process.send?.({ answered });
  else mood = told;
});
process.on('disconnect', () => process.exit(0));
server.listen(Number(process.env['INSTANCE_PORT'] ?? 0), '127.0.0.1', () => {
  process.send?.({ port: (server.address() as { port: number }).port });
});

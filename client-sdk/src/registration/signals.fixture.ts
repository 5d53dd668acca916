/**
 * A program of its own for `signals.test.ts`: drains on SIGTERM as its arguments say, and tells what it does.
 *
 * `drain=<ms>` one registration whose drain takes so long; `host=on|once` the program listens too, and exits with 7 half a second later.
 */
import { SignalDrain } from './signals.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

for (const argument of process.argv.slice(2)) {
  const [name, value] = argument.split('=');
  if (name === 'drain') {
    const drain = (): Promise<void> => {
      say('draining');
      return new Promise((resolve) => {
        setTimeout(() => {
          say(`drained ${value}`);
          resolve();
        }, Number(value));
      });
    };
    new SignalDrain(process, ['SIGTERM'], drain);
  } else if (name === 'host') {
    const own = (): void => void setTimeout(() => process.exit(7), 500);
    if (value === 'once') process.once('SIGTERM', own);
    else process.on('SIGTERM', own);
  }
}
// Alive until somebody ends it.
setInterval(() => undefined, 60_000);
say('ready');

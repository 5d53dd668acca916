#!/usr/bin/env node
/** The process: options in, a server until a signal, one sentence and exit code 2 for whatever a person must put right. */
import { readFileSync } from 'node:fs';
import { systemClock } from '@heureka/client-sdk/runtime';
import { jsonLog } from './observe/log.ts';
import { type CommandLine, helpText, OptionsError, readCommandLine, type ServerOptions } from './options.ts';
import { createRegistryServer, type RegistryServer } from './server.ts';
import { StartError } from './server-parts.ts';

/** What a supervisor may rely on: from the end of the drain to the end of the process. */
const EXIT_WITHIN_MS = 4_800;

function commandLine(): CommandLine | undefined {
  try {
    return readCommandLine(process.argv.slice(2), process.env);
  } catch (error) {
    if (!(error instanceof OptionsError)) throw error;
    refuse(error.message);
    return undefined;
  }
}

/** Sentences for a person, and the exit code that says "not started". */
function refuse(sentences: string): void {
  process.stderr.write(`${sentences}\n`);
  process.exitCode = 2;
}

async function run(options: ServerOptions): Promise<void> {
  const log = jsonLog(options.logLevel);
  let server: RegistryServer;
  try {
    server = await createRegistryServer({ ...options, log });
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    refuse(error.message);
    await log.written();
    // What half started (a connection that goes on trying) must not keep the process.
    process.exit();
  }
  // Its start is seen at once.
  void log.written();
  let stopping = false;
  const stop = (signal: NodeJS.Signals): void => {
    // A second signal is impatience.
    if (stopping) process.exit(1);
    stopping = true;
    log.info({ signal, drainSeconds: options.drain }, 'shutting down');
    systemClock.after(options.drain * 1_000 + EXIT_WITHIN_MS, () => process.exit(0));
    const ended = server.shutdown().then(
      () => {
        log.info({}, 'closed');
        return 0;
      },
      (error: unknown) => {
        log.error({ error: String(error) }, 'closing failed');
        return 1;
      },
    );
    void ended.then(async (code) => {
      await log.written();
      process.exit(code);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

const line = commandLine();
if (line?.is === 'help') process.stdout.write(helpText());
if (line?.is === 'version') {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  process.stdout.write(`${manifest.version}\n`);
}
if (line?.is === 'run') await run(line.options);

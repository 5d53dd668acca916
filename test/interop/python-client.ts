/** py_eureka_client from PyPI in a Python of its own: found or made, started as a process, and asked over its standard input. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const PACKAGE = 'py_eureka_client==0.13.2';
const INSTALL_TIMEOUT_MS = 240_000;
const SCRIPT = join(import.meta.dirname, 'py-eureka-client.py');

export interface PythonEnvironment {
  /** The interpreter that has the package. */
  readonly python: string;
  remove(): void;
}

/** What the client has fetched of one instance. */
export interface Listed {
  readonly app: string;
  readonly id: string;
  readonly status: string;
  readonly host: string;
  readonly port: number;
  readonly zone: string | null;
}

type Command =
  | { readonly do: 'list' | 'clear' | 'stop' }
  | { readonly do: 'call'; readonly app: string }
  | { readonly do: 'status'; readonly to: string };

export interface PythonClient {
  /** @throws with what the client raised */
  ask(command: Command): Promise<unknown>;
  list(): Promise<readonly Listed[]>;
  /** What it reported to its error callback so far. */
  readonly errors: readonly string[];
  /** Cancels, and ends the process. */
  stop(): Promise<void>;
  /** SIGKILL: it says goodbye to nobody. */
  kill(): Promise<void>;
}

/** A virtual environment in a temporary folder, with the package from PyPI. @throws with a sentence that says what is missing */
export async function pythonEnvironment(): Promise<PythonEnvironment> {
  const folder = mkdtempSync(join(tmpdir(), 'heureka-python-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await makeEnvironment(folder);
    const python = join(folder, 'bin', 'python');
    await install(python);
    return { python, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Starts a client that registers as `app` and beats each second; resolves once it has registered. */
export async function pythonClient(
  { python }: PythonEnvironment,
  registryUrl: string,
  app: string,
  port: number,
): Promise<PythonClient> {
  const child = spawn(python, [SCRIPT, registryUrl, app, String(port)], { stdio: ['pipe', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-8_000);
  });
  const gone = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let errors: readonly string[] = [];

  async function reply(): Promise<unknown> {
    const { value: line, done } = await lines.next();
    if (done === true) throw new Error(`the Python client ended:\n${log}`);
    const answer = JSON.parse(line) as { ok?: unknown; error?: string; errors: readonly string[] };
    errors = answer.errors;
    if (answer.error !== undefined) throw new Error(`${answer.error}\n${log}`);
    return answer.ok;
  }

  await reply();
  const ask = (command: Command): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return reply();
  };
  return {
    ask,
    list: async () => (await ask({ do: 'list' })) as readonly Listed[],
    get errors() {
      return errors;
    },
    async stop() {
      await ask({ do: 'stop' });
      await gone;
    },
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const execute = promisify(execFile);

async function makeEnvironment(folder: string): Promise<void> {
  const python = (await onPath()) ?? ((await installVenv()) ? await onPath() : undefined);
  if (python === undefined) {
    throw new Error('These tests need python3 (3.8 or newer) with pip: install Python and put it on PATH.');
  }
  // Debian packs venv apart from Python: it is there, and fails.
  const made = (): Promise<boolean> => works(python, ['-m', 'venv', folder]);
  if ((await made()) || ((await installVenv()) && (await made()))) return;
  throw new Error("These tests need Python's venv and pip: install them (Debian: apt-get install python3-venv).");
}

async function onPath(): Promise<string | undefined> {
  const named = process.env['HEUREKA_TEST_PYTHON'];
  const recent = 'import sys; sys.exit(sys.version_info < (3, 8))';
  for (const name of [...(named === undefined ? [] : [named]), 'python3', 'python']) {
    if (await works(name, ['-c', recent])) return name;
  }
  return undefined;
}

/** Where that is promised: Debian, as root or with sudo. */
async function installVenv(): Promise<boolean> {
  if (process.platform !== 'linux' || !(await works('apt-get', ['--version']))) return false;
  const root = process.getuid?.() === 0;
  if (!root && !(await works('sudo', ['-n', 'true']))) return false;
  const [command = '', ...apt] = [...(root ? [] : ['sudo', '-n']), 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get'];
  return (
    (await works(command, [...apt, '-qq', 'update'])) &&
    (await works(command, [...apt, '-qq', 'install', '-y', 'python3-venv']))
  );
}

async function install(python: string): Promise<void> {
  try {
    await execute(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', PACKAGE], {
      timeout: INSTALL_TIMEOUT_MS,
    });
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`These tests could not install ${PACKAGE} with pip; is a package index reachable?\n${stderr}`, {
      cause: error,
    });
  }
}

async function works(command: string, args: readonly string[]): Promise<boolean> {
  return execute(command, args, { timeout: INSTALL_TIMEOUT_MS }).then(
    () => true,
    () => false,
  );
}

/** Programs that pages show are run as they stand there, against a real registry; so is what the pages say to type. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { NODE_ARGS, runServer, startServer } from '../helpers/server-process.ts';
import { until } from '../helpers/until.ts';
import { commandsOf, type Page, pages, ROOT } from './pages.ts';

const PAGES = pages();

function page(name: string): Page {
  return PAGES.find((candidate) => candidate.name === name)!;
}

/** The `ts` block of a page that contains a text. */
function block(name: string, text: string): string {
  const found = page(name).blocks.find((candidate) => candidate.language === 'ts' && candidate.text.includes(text));
  if (found === undefined) throw new Error(`${name} has no ts block with ${text}`);
  return found.text;
}

function run(program: string, env: NodeJS.ProcessEnv = {}) {
  const child: ChildProcess = spawn(process.execPath, [...NODE_ARGS, '--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on('data', (bytes: Buffer) => {
      output += bytes.toString();
    });
  }
  const ended = (once(child, 'close') as Promise<[number | null]>).then(([code]) => code);
  return { child, output: () => output, ended };
}

test('getting started: the list, the service and the caller of the page work as they stand', async ({
  onTestFinished,
}) => {
  const registry = await startServer(['--data', 'none']);
  onTestFinished(async () => void (await registry.stop('SIGKILL')));
  const EUREKA_URL = registry.url;

  const listing = commandsOf(page('docs/getting-started.md')).find((command) => command.startsWith('curl '))!;
  const [, url, accept] = /^curl (\S+) -H 'accept: (\S+)'$/.exec(listing)!;
  const listed = async (): Promise<string> =>
    (
      await fetch(`http://${url!.replace('localhost:8761', `127.0.0.1:${registry.port}`)}`, {
        headers: { accept: accept! },
      })
    ).text();
  expect(JSON.parse(await listed())).toMatchObject({ applications: { application: [] } });

  const service = run(block('docs/getting-started.md', 'registerServer'), { EUREKA_URL });
  onTestFinished(async () => {
    service.child.kill('SIGKILL');
    await service.ended;
  });
  await until('it is registered', () => /registered as \S+ at http:\/\/\S+/.test(service.output()), 30_000);
  expect(await listed()).toContain('"app":"ORDERS"');

  const caller = run(block('docs/getting-started.md', "discovery.fetch('http://orders/42')"), { EUREKA_URL });
  expect(await caller.ended, caller.output()).toBe(0);
  expect(caller.output().trim()).toBe('order /42');

  service.child.kill('SIGTERM');
  await service.ended;
  expect(JSON.parse(await listed())).toMatchObject({ applications: { application: [] } });
}, 90_000);

test('the guide: a source of your own takes the place of the registry', async () => {
  const program = run(
    block('docs/sdk-guide.md', 'InstanceSource').replace(', type InstanceSource', '').replace(': InstanceSource', ''),
  );
  expect(await program.ended, program.output()).toBe(0);
  expect(program.output()).toContain("[ 'http://127.0.0.1:3001', 'http://127.0.0.1:3002' ]");
});

test('the README: `npx heureka-server --help` shows the options that its other lines use', async () => {
  const typed = commandsOf(page('README.md')).filter((command) => command.startsWith('npx heureka-server'));
  expect(typed).toContain('npx heureka-server --help');
  const help = runServer(['--help']);
  expect(await help.stop('SIGCONT')).toBe(0);
  for (const [flag] of typed.join(' ').matchAll(/--(?!help)[a-z-]+/g)) expect(help.output()).toContain(flag);
});

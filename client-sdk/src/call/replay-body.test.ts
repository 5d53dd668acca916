import { expect, test } from 'vitest';
import { comesInPieces, ReplayBody } from './replay-body.ts';

async function* pieces(count: number, bytes = 10): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield new Uint8Array(bytes).fill(index);
}

async function read(body: AsyncIterable<Uint8Array | string>, count = Number.POSITIVE_INFINITY): Promise<number[]> {
  const seen: number[] = [];
  if (count === 0) return seen;
  for await (const piece of body) {
    seen.push((piece as Uint8Array)[0]!);
    if (seen.length === count) break;
  }
  return seen;
}

test('what one attempt read the next reads again, and then goes on', async () => {
  const body = new ReplayBody(pieces(5), 100);
  expect(await read(body, 2)).toEqual([0, 1]);
  expect(await read(body, 3)).toEqual([0, 1, 2]);
  expect(await read(body)).toEqual([0, 1, 2, 3, 4]);
  expect(await read(body)).toEqual([0, 1, 2, 3, 4]);
  expect(body.replayable).toBe(true);
});

test('a piece that an attempt was waiting for when it died is not lost', async () => {
  let give: (() => void) | undefined;
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield new Uint8Array([0]);
    await new Promise<void>((resolve) => {
      give = resolve;
    });
    yield new Uint8Array([1]);
  }
  const body = new ReplayBody(slow(), 100);
  const first = body[Symbol.asyncIterator]();
  await first.next();
  const waiting = first.next();
  const again = read(body);
  await new Promise((resolve) => setImmediate(resolve));
  give?.();
  expect(await again).toEqual([0, 1]);
  expect((await waiting).done).toBe(true);
});

test('beyond its bound it says that it cannot be sent again, and the attempt that reads it gets all of it', async () => {
  const body = new ReplayBody(pieces(5, 30), 64);
  expect(await read(body)).toEqual([0, 1, 2, 3, 4]);
  expect(body.replayable).toBe(false);
});

test('a source that fails is known to have failed, and fails every reader', async () => {
  // biome-ignore lint/correctness/useYield: it fails before it could.
  async function* broken(): AsyncGenerator<Uint8Array> {
    throw new Error('disk');
  }
  const body = new ReplayBody(broken(), 100);
  await expect(read(body)).rejects.toThrow('disk');
  await expect(read(body)).rejects.toThrow('disk');
  expect(body.failed).toBe(true);
});

test('an attempt that ends does not end the source; the end of the call does', async () => {
  let returned = 0;
  const source = {
    [Symbol.asyncIterator]: () => ({
      next: () => Promise.resolve({ done: false as const, value: new Uint8Array([7]) }),
      return: () => {
        returned++;
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  };
  const body = new ReplayBody(source, 100);
  await read(body, 1);
  expect(returned).toBe(0);
  body.release();
  body.release();
  expect(returned).toBe(1);
});

test('bytes, texts and forms are sent as they are; streams and generators come in pieces', () => {
  for (const whole of [null, undefined, 'text', Buffer.from('x'), new ArrayBuffer(1), new FormData(), new Blob([])]) {
    expect(comesInPieces(whole)).toBe(false);
  }
  expect(comesInPieces(pieces(1))).toBe(true);
  expect(comesInPieces(new Response('x').body)).toBe(true);
  expect(comesInPieces([new Uint8Array(1)])).toBe(true);
});

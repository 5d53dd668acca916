/**
 * One gzip member made of parts that were compressed one by one, so that a change compresses only what it touched.
 *
 * A part is raw deflate that ends on a byte boundary, so parts stand in a row as they are. A member cannot begin with a preset dictionary, but a
 * part inside it may refer to the bytes before it: given them as its dictionary, it is nearly as small as within the whole (RFC 1951, 1952).
 */
import { constants, deflateRawSync } from 'node:zlib';
import type { CheckSum } from './check-sum.ts';

/** Deflate, no name, no time, unknown system: the same on every node. */
export const MEMBER_HEAD: Uint8Array = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);

/** The most that a stored block holds. */
const STORED_BYTES = 0xffff;
/** Most parts compress to about 1 KB; zlib's default of 16 KB would be held by each of them. */
const CHUNK_BYTES = 4 * 1024;

/** @param before - the text that stands before this one; the last 32 KiB of it count */
export function deflated(text: Uint8Array, before: Uint8Array | undefined): Uint8Array {
  return deflateRawSync(text, {
    level: 6,
    chunkSize: CHUNK_BYTES,
    finishFlush: constants.Z_SYNC_FLUSH,
    ...(before === undefined || before.length === 0 ? {} : { dictionary: before }),
  });
}

/** As it is, for a text too short to be worth compressing. @param last - whether the member's data ends with it */
export function stored(text: Uint8Array, last: boolean): Uint8Array {
  const blocks: Uint8Array[] = [];
  let at = 0;
  do {
    const piece = text.subarray(at, at + STORED_BYTES);
    at += piece.length;
    const head = Buffer.alloc(5);
    head[0] = last && at === text.length ? 1 : 0;
    head.writeUInt16LE(piece.length, 1);
    head.writeUInt16LE(piece.length ^ 0xffff, 3);
    blocks.push(head, piece);
  } while (at < text.length);
  return Buffer.concat(blocks);
}

/** Ends the member whose text has this sum. */
export function memberTail({ crc, length }: CheckSum): Uint8Array {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(crc, 0);
  tail.writeUInt32LE(length % 2 ** 32, 4);
  return tail;
}

/**
 * CRC-32 of texts that are put together from parts, without reading the parts again: what a gzip member ends with.
 *
 * A CRC is a remainder of polynomials over two elements (bit 31 stands for x^0, as gzip has it), so the sum of two parts in a row is the first,
 * moved by the length of the second, plus the second. Each sum carries its move, x^(8 * length), which makes joining two of them a few
 * dozen steps, whatever their length.
 */
import { crc32 } from 'node:zlib';

export interface CheckSum {
  /** In bytes. */
  readonly length: number;
  readonly crc: number;
  /** x^(8 * length) modulo the polynomial. */
  readonly move: number;
}

/** Of CRC-32 (IEEE 802.3), its highest bit left out and the order of bits reversed. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

export const EMPTY_SUM: CheckSum = { length: 0, crc: 0, move: ONE };

export function sumOf(bytes: Uint8Array): CheckSum {
  return { length: bytes.length, crc: crc32(bytes), move: moveBy(bytes.length) };
}

/** The sum of two parts in a row. */
export function joined(first: CheckSum, second: CheckSum): CheckSum {
  return {
    length: first.length + second.length,
    crc: (product(second.move, first.crc) ^ second.crc) >>> 0,
    move: product(first.move, second.move),
  };
}

/** x^(8 * 2^k) for each k: squares of each other. */
const POWERS: readonly number[] = powers();

function powers(): number[] {
  // Bit 31 - 8: x^8.
  const found = [ONE >>> 8];
  // Lengths are below 2^32.
  while (found.length < 32) found.push(product(found.at(-1)!, found.at(-1)!));
  return found;
}

function moveBy(length: number): number {
  let move = ONE;
  for (let rest = length, bit = 0; rest > 0; rest = Math.floor(rest / 2), bit++) {
    if (rest % 2 === 1) move = product(POWERS[bit]!, move);
  }
  return move;
}

/** Product of two polynomials modulo the third. */
function product(a: number, b: number): number {
  let sum = 0;
  let multiple = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) sum ^= multiple;
    multiple = (multiple & 1) === 0 ? multiple >>> 1 : (multiple >>> 1) ^ POLYNOMIAL;
  }
  return sum >>> 0;
}

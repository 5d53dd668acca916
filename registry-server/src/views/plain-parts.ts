/**
 * The plain text of a page, in parts. Text is twenty times as large as what it compresses to, so a change copies a part of a page alone: what is
 * copied lives long, and V8 collects all garbage, large old heap and all, for every few dozen megabytes of it. Handing over a part costs a third
 * of a microsecond.
 */
import type { Part, Segment } from './segment.ts';

/** Segments of a new part. */
const PART_SEGMENTS = 4;
/** A part that would be smaller takes the next one in: after many changes there would be very small ones only. */
const MIN_PART_SEGMENTS = 2;

/** @param segments - of one page, each with its text. @returns their text in order; parts that are still whole are taken over */
export function plainParts(segments: readonly Segment[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < segments.length) {
    const whole = wholePart(segments, at);
    if (whole !== undefined) {
      parts.push(whole.bytes);
      at += whole.segments;
      continue;
    }
    let end = at + 1;
    while (end < segments.length && end - at < PART_SEGMENTS) {
      if (end - at >= MIN_PART_SEGMENTS && wholePart(segments, end) !== undefined) break;
      end++;
    }
    parts.push(newPart(segments.slice(at, end)));
    at = end;
  }
  return parts;
}

/** The part that begins at `at`, if all of its segments are there. */
function wholePart(segments: readonly Segment[], at: number): Part | undefined {
  const { part } = segments[at]!;
  if (part === undefined || segments[at - 1]?.part === part) return undefined;
  for (let index = at; index < at + part.segments; index++) if (segments[index]?.part !== part) return undefined;
  return part;
}

function newPart(segments: readonly Segment[]): Uint8Array {
  const part = { bytes: Buffer.concat(segments.map(({ plain }) => plain!)), segments: segments.length };
  let at = 0;
  for (const segment of segments) {
    const end = at + segment.plain!.length;
    segment.plain = part.bytes.subarray(at, end);
    segment.part = part;
    at = end;
  }
  return part.bytes;
}

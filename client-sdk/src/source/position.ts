/** Where a list stands in the history of its server. A position is worth something at that server and in that epoch only. */

export interface Cursor {
  readonly epoch: string;
  readonly version: number;
}

export interface Position {
  /** Base URL. */
  readonly server: string;
  /** Undefined at a stock server, whose deltas have no order to compare. */
  readonly cursor: Cursor | undefined;
}

/** `<epoch>.<version>`. @returns undefined for anything else */
export function parseCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const dot = text.lastIndexOf('.');
  const digits = text.slice(dot + 1);
  return dot >= 1 && /^\d{1,15}$/.test(digits) ? { epoch: text.slice(0, dot), version: Number(digits) } : undefined;
}

export function cursorText({ epoch, version }: Cursor): string {
  return `${epoch}.${version}`;
}

/** Whether `cursor` is of the same history as the position, so that their versions can be compared. */
export function sameHistory(position: Position, server: string, cursor: Cursor | undefined): boolean {
  return position.server === server && position.cursor?.epoch === cursor?.epoch;
}

/**
 * The identity of an instance: its application and its effective id, as one string.
 *
 * Both parts may hold any character, `/` too, so the application is percent-encoded: `A/B` + `c` and `A` + `B/c` differ.
 * This is also the field of every Redis key and the key of every map, so keys sort by application, then id.
 */
export type InstanceKey = string & { readonly instanceKey: unique symbol };

/** What percent-encoding leaves as it is: nearly every name, at a fraction of the cost. */
const PLAIN = /^[\w.~!*'()-]*$/;

/**
 * @param app - upper-cased name of the application
 * @param id - effective id, case kept
 */
export function instanceKey(app: string, id: string): InstanceKey {
  return `${PLAIN.test(app) ? app : encodeURIComponent(app.toWellFormed())}/${id}` as InstanceKey;
}

/** The parts that `instanceKey` joined. */
export function splitKey(key: InstanceKey): { readonly app: string; readonly id: string } {
  const slash = key.indexOf('/');
  return { app: decodeURIComponent(key.slice(0, slash)), id: key.slice(slash + 1) };
}

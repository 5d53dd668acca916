/** Maglev's table: each member claims every place in an order of its own, in turns, so that few places move when one member leaves. */
import { hash32, mixed } from '../hash.ts';

/** Primes: for up to 40 members, and for more. */
const SMALL = { members: 40, places: 4_099 };
const LARGE = 65_537;
const EMPTY = 0xffff;

/**
 * @param names - of the members, stable over time; at most 65 534
 * @param weights - above 0; a member claims in proportion
 * @returns for each place the position of its member
 * @see Eisenbud et al., Maglev (NSDI 2016); Envoy's weighted turns
 */
export function maglevTable(names: readonly string[], weights: readonly number[]): Uint16Array {
  const places = names.length <= SMALL.members ? SMALL.places : LARGE;
  const table = new Uint16Array(places).fill(EMPTY);
  if (names.length === 0) return table;
  const most = Math.max(...weights);
  const next = names.map((name) => hash32(name) % places);
  const skip = names.map((name) => (mixed(hash32(name, 1)) % (places - 1)) + 1);
  const owed = names.map(() => 0);
  for (let taken = 0; taken < places; ) {
    for (let member = 0; member < names.length && taken < places; member++) {
      owed[member]! += weights[member]! / most;
      if (owed[member]! < 1) continue;
      owed[member]! -= 1;
      while (table[next[member]!] !== EMPTY) next[member] = (next[member]! + skip[member]!) % places;
      table[next[member]!] = member;
      taken++;
    }
  }
  return table;
}

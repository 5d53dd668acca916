import type { Instance } from '../api.ts';

/** Whether two instances say the same, whatever objects they are: an object that is known may then stay in use. */
export function sameInstance(a: Instance, b: Instance): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.app === b.app &&
      a.status === b.status &&
      a.address === b.address &&
      a.hostname === b.hostname &&
      a.port === b.port &&
      a.secure === b.secure &&
      a.ports.plain === b.ports.plain &&
      a.ports.secure === b.ports.secure &&
      a.url === b.url &&
      a.zone === b.zone &&
      sameNames(a.vip, b.vip) &&
      sameNames(a.secureVip, b.secureVip) &&
      sameEntries(a.metadata, b.metadata))
  );
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((name, at) => name === b[at]));
}

function sameEntries(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}

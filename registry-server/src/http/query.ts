/** Query parameters as Eureka servers read them: the first of a name counts, a bad escape is text, names are case-sensitive. */

/** More than any client sends; further ones are not read. */
const MAX_PARAMETERS = 1_000;

export class Query {
  readonly #search: string;
  #entries: ReadonlyMap<string, string> | undefined;

  /** @param search - what follows `?`, still escaped */
  constructor(search: string) {
    this.#search = search;
  }

  /** The first value of this name (which holds no `=`), `''` for one without value; undefined when it is absent. */
  get(name: string): string | undefined {
    if (this.#search === '') return undefined;
    // Most are plain, and asked for one or two names: no map is made for them.
    return this.#entries === undefined && !ESCAPED.test(this.#search)
      ? plainValue(this.#search, name)
      : this.entries.get(name);
  }

  /** First values by name, in the order of the query; a parameter without a name is dropped. */
  get entries(): ReadonlyMap<string, string> {
    this.#entries ??= parse(this.#search);
    return this.#entries;
  }
}

/** What `decode` has work with. */
const ESCAPED = /[%+\u0080-\uffff]/;

/** The same as `parse(search).get(name)`, where nothing is escaped. */
function plainValue(search: string, name: string): string | undefined {
  if (name === '') return undefined;
  let from = 0;
  for (let count = 0; count < MAX_PARAMETERS && from < search.length; count++) {
    const ampersand = search.indexOf('&', from);
    const end = ampersand < 0 ? search.length : ampersand;
    if (search.startsWith(name, from)) {
      const nameEnd = from + name.length;
      if (nameEnd === end) return '';
      if (nameEnd < end && search[nameEnd] === '=') return search.slice(nameEnd + 1, end);
    }
    from = end + 1;
  }
  return undefined;
}

function parse(search: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>();
  let from = 0;
  for (let count = 0; count < MAX_PARAMETERS && from < search.length; count++) {
    const ampersand = search.indexOf('&', from);
    const end = ampersand < 0 ? search.length : ampersand;
    const equals = search.indexOf('=', from);
    const nameEnd = equals < 0 || equals > end ? end : equals;
    const name = decode(search.slice(from, nameEnd));
    if (name !== '' && !entries.has(name)) entries.set(name, decode(search.slice(nameEnd + 1, end)));
    from = end + 1;
  }
  return entries;
}

function decode(text: string): string {
  if (!ESCAPED.test(text)) return text;
  const spaced = text.replaceAll('+', ' ');
  const whole = /[\u0080-\uffff]/.test(spaced) ? Buffer.from(spaced, 'latin1').toString('utf8') : spaced;
  try {
    return decodeURIComponent(whole);
  } catch {
    return whole;
  }
}

/**
 * Texts and metadata keys as XML 1.0 can carry them. Every reader of the registry parses what one client registered, so whatever a client
 * sends must come out well-formed here: stock leaves characters in that spoil the whole answer, and we do not.
 *
 * @see XStream `XmlFriendlyNameCoder`
 */

const NEEDS_CARE = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff\ufffe\uffff]/;
const CARE = /[&<>"'\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g;
const MARKUP: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  // Raw, a reader would make a line feed of it.
  '\r': '&#xd;',
};

/** Text between tags or in an attribute: markup escaped, what XML 1.0 forbids left out, DEL and C1 controls as references. */
export function xmlText(value: string): string {
  if (!NEEDS_CARE.test(value)) return value;
  return value.toWellFormed().replace(CARE, (char) => MARKUP[char] ?? reference(char));
}

function reference(char: string): string {
  const code = char.charCodeAt(0);
  return code >= 0x7f && code <= 0x9f ? `&#x${code.toString(16)};` : '';
}

/** Most keys: nothing to escape at all. */
const PLAIN_NAME = /^[A-Za-z][A-Za-z0-9.-]*$/;
/**
 * Letters that stay as they are. Fewer than XML's fifth edition has: the parsers of Python and Java still follow the fourth, and a name that
 * they refuse costs them the whole registry. What is not here is escaped, which every reader can take.
 */
const LETTER =
  /[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0131\u0391-\u03a1\u03a3-\u03ce\u0410-\u044f\u3041-\u3094\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3]/;
const INNER = /[0-9.-]/;

/**
 * A metadata key as an element's name: `_` is `__`, `$` is `_-`, and a UTF-16 unit that cannot stand where it stands is `_.` and four hex
 * digits. The colon is escaped too (stock leaves it: an unbound prefix).
 *
 * @returns `''` for the empty key, which no name can say: leave its element out
 */
export function xmlName(key: string): string {
  if (PLAIN_NAME.test(key)) return key;
  let name = '';
  for (let at = 0; at < key.length; at++) {
    const char = key[at]!;
    if (char === '_') name += '__';
    else if (char === '$') name += '_-';
    else if (LETTER.test(char) || (at > 0 && INNER.test(char))) name += char;
    else name += `_.${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  }
  return name;
}

const ESCAPED = /__|_-|_\.([0-9a-fA-F]{4})/g;

/** The reverse of `xmlName`; an underscore that begins no escape stands for itself. */
export function keyOfXmlName(name: string): string {
  if (!name.includes('_')) return name;
  return name.replace(ESCAPED, (found, hex: string | undefined) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return found === '__' ? '_' : '$';
  });
}

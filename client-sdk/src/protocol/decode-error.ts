/** What was read is not what the protocol allows. Says where, and what was expected there; never more than 200 characters of the input. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  constructor(
    /** Where in the document, such as `instance.port.$`. */
    readonly path: string,
    /** What is wrong there, such as `must be a number, got "abc"`. */
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(path === '' ? problem : `${path} ${problem}`, options);
  }
}

/** Row 1 of the protocol: a client registers. */
import { DecodeError, Header, type Registration } from '@heureka/client-sdk/protocol';
import { readText } from '../body.ts';
import type { Call } from '../call.ts';
import { tooMuch } from '../limits.ts';
import { CONTENT_TYPE, entityFormat, readableFormat } from '../negotiation.ts';
import type { ProtocolParts } from '../parts.ts';
import { answerReply, headerText, NO_CONTENT, type Reply, refused, textReply } from '../reply.ts';

type Parts = Pick<ProtocolParts, 'registry' | 'json' | 'xml' | 'validate' | 'limits'>;

export class RegistrationResource {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  readonly register = async (call: Call): Promise<Reply> => {
    const format = readableFormat(call.header('content-type'));
    const { registry, limits, validate } = this.#parts;
    const text = await readText(call.request, limits.bodyLimit);

    let info: Registration;
    try {
      info = this.#parts[format.is].decode(text);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return cannotParse(format.label, error.message);
    }
    const invalid = validate(info, call.app);
    if (invalid !== undefined) return invalidReply(call, invalid);
    const large = tooMuch(info, limits);
    if (large !== undefined) return refused(400, large);

    const answer = await registry.register(call, info);
    return answer.is === 'conflict' ? NO_CONTENT : answerReply(answer, NO_CONTENT);
  };
}

/** One of the three error bodies of the protocol; its form and label follow the request's Content-Type, as in stock. */
export function cannotParse(label: string, reason: string): Reply {
  const text =
    label === 'application/json'
      ? '{"error": "cannot parse request body"}'
      : '<error><message>cannot parse request body</message></error>';
  return textReply(400, text, headerText(label), { [Header.REASON]: headerText(reason) });
}

/** Plain text under the label that Accept asks for: a quirk of stock that clients print. */
function invalidReply(call: Call, message: string): Reply {
  const format = entityFormat(call.header('accept')) ?? 'xml';
  return textReply(400, message, CONTENT_TYPE[format], { [Header.REASON]: headerText(message) });
}

/** Server-sent events, out of the body of an answer as it comes. */

import { ReanaError } from './errors';

export interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

/** A line of one event is a log at most, which the back end cuts; more than this is no event of ours. */
const LONGEST = 64 * 1024 * 1024;

/** Cuts a text that comes in pieces into events. */
export class EventReader {
  /** The events that this piece ends. */
  read(piece: string): ServerEvent[] {
    this._rest += piece;
    const blocks = this._rest.split('\n\n');
    this._rest = blocks.pop() ?? '';
    if (this._rest.length > LONGEST) {
      throw new ReanaError(502, '', 'an event without an end');
    }
    return blocks.flatMap(block => event(block));
  }

  private _rest = '';
}

/** Tell the events of an answer, in the bundles in which they come, until it ends. An empty bundle is a sign of life. */
export async function readEvents(answer: Response, tell: (events: ServerEvent[]) => void): Promise<void> {
  if (!answer.ok || !answer.body) {
    throw new ReanaError(answer.status, '', 'there is nothing to follow');
  }
  const pieces = answer.body.getReader();
  const [decoder, events] = [new TextDecoder(), new EventReader()];
  for (let part = await pieces.read(); !part.done; part = await pieces.read()) {
    tell(events.read(decoder.decode(part.value, { stream: true })));
  }
}

function event(block: string): ServerEvent[] {
  const fields = block.split('\n').map(line => /^(event|data): ?(.*)$/.exec(line));
  const value = (name: string): string => fields.find(found => found?.[1] === name)?.[2] ?? '';
  try {
    return value('event') ? [{ name: value('event'), data: JSON.parse(value('data')) as unknown }] : [];
  } catch {
    return [];
  }
}

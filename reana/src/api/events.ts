/** Parses server-sent events from a streamed response body. */

import { ReanaError } from './errors';

export interface ServerEvent {
  readonly name: string;
  readonly data: unknown;
}

/** Characters. An event holds one log at most, and the back end truncates logs far below this. */
const MAX_EVENT_LENGTH = 64 * 1024 * 1024;

/** Splits streamed text into events. */
export class EventReader {
  /** Return the events that this chunk completes. */
  read(piece: string): ServerEvent[] {
    this._rest += piece;
    const blocks = this._rest.split('\n\n');
    // The last block is incomplete until its blank line arrives.
    this._rest = blocks.pop() ?? '';
    if (this._rest.length > MAX_EVENT_LENGTH) {
      throw new ReanaError(502, '', 'unterminated event');
    }
    return blocks.flatMap(block => event(block));
  }

  private _rest = '';
}

/** Pass the events of a response on, chunk by chunk, until it ends. An empty array is a keep-alive. */
export async function readEvents(response: Response, onEvents: (events: ServerEvent[]) => void): Promise<void> {
  if (!response.ok || !response.body) {
    throw new ReanaError(response.status, '', 'no event stream');
  }
  const pieces = response.body.getReader();
  const [decoder, events] = [new TextDecoder(), new EventReader()];
  for (let part = await pieces.read(); !part.done; part = await pieces.read()) {
    // With `stream`, a character may be split between two chunks.
    onEvents(events.read(decoder.decode(part.value, { stream: true })));
  }
}

function event(block: string): ServerEvent[] {
  // The back end writes each event as one line of JSON, so `data` never has several lines.
  const fields = block.split('\n').map(line => /^(event|data): ?(.*)$/.exec(line));
  const value = (name: string): string => fields.find(found => found?.[1] === name)?.[2] ?? '';
  try {
    return value('event') ? [{ name: value('event'), data: JSON.parse(value('data')) as unknown }] : [];
  } catch {
    return [];
  }
}

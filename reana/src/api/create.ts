/** Check a `reana.yaml`, and make a run out of it. */

import type { Send } from './send';

export class CreateApi {
  constructor(protected readonly _send: Send) {}
}

import type { StarlingOptions } from './index.js';

/** EventSource with Starling's recovery; swap the constructor, keep the code. */
export class StarlingEventSource extends EventTarget {
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  readonly readyState: 0 | 1 | 2;
  readonly url: string;
  readonly withCredentials: boolean;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent<string>) => void) | null;
  onerror: ((event: Event) => void) | null;
  constructor(url: string | URL, options?: { withCredentials?: boolean } & StarlingOptions);
  close(): void;
}

export interface StarlingOptions {
  /** Base URL of a node or of what stands before the nodes; the page's own origin by default. */
  url?: string;
  /** Several nodes, tried in turn. */
  urls?: string[];
  token?: string;
  /** Asked for a token when there is none, when it ends soon and when it was refused. */
  getToken?: (why: { reason: 'initial' | 'expiring' | 'unauthorized' }) => string | Promise<string>;
  rooms?: string[];
  device?: string;
  since?: 'last';
  format?: 'envelope' | 'message' | 'named' | 'both';
  /** auto: SSE, else WebSocket, else long-poll where a node answers and nothing streams. */
  transport?: 'auto' | 'sse' | 'ws' | 'poll';
  /** SSE through EventSource instead of fetch; the token is then part of the URL. */
  native?: boolean;
  /** One stream for all tabs where the browser can (default in a page). */
  sharedAcrossTabs?: boolean;
  /** Where the position survives a reload; null: nowhere. */
  storage?: Pick<Storage, 'getItem' | 'setItem'> | null;
  storageKey?: string;
  /** Longest wait between attempts that the client chooses itself, ms. */
  maxDelay?: number;
  openTimeout?: number;
  longTerm?: boolean;
  autoConnect?: boolean;
  credentials?: RequestCredentials;
}

export interface StarlingEvent<Data = unknown> {
  id: string;
  /** The position to resume from. */
  cursor: string;
  event: string;
  room?: string;
  user?: string;
  data: Data;
  ts?: number;
  sender?: string;
  /** It was said before this connection began. */
  replayed: boolean;
}

export type StarlingState =
  | 'idle' | 'connecting' | 'open' | 'waiting' | 'offline' | 'paused' | 'follower' | 'closed';

export interface Session {
  client_id: string;
  user: string;
  tenant: string;
  node: string;
  rooms: string[];
  position: string;
  resumed: boolean;
  replayed: number;
  lost: Lost[];
  heartbeat_ms: number;
  server_time: number;
}

export interface Lost {
  room: string;
  reason: 'expired' | 'epoch' | 'bad_cursor' | 'forbidden';
}

export interface Goodbye {
  code: string;
  reason: string;
  reconnect: boolean;
  retry_ms: number;
}

/** What the client says itself, by name. */
export interface ClientEvents {
  'starling:state': { state: StarlingState; [detail: string]: unknown };
  'starling:connected': Session;
  'starling:lost': Lost[];
  'starling:gap': { room?: string; reason?: string; [detail: string]: unknown };
  'starling:goodbye': Goodbye;
  'starling:heartbeat': Record<string, never>;
  'starling:error': { status: number; message: string; code?: string };
  'starling:token_expiring': Record<string, never>;
}

export interface Target {
  room?: string;
  rooms?: string[];
  user?: string;
  users?: string[];
  client?: string;
  all?: true;
}
export interface PublishExtra {
  id?: string;
  ephemeral?: boolean;
  exclude?: string[];
}
export interface Published {
  id: string;
  position: string;
}

export interface HistoryPage {
  events: { id: string; event: string; data: unknown; ts: number; sender?: string }[];
  /** Goes on as `after`; null at the end. */
  next: string | null;
}
export interface Presence {
  room: string;
  count: number;
  users: { user: string; state: string; sessions: number; since: number }[];
  unreachable: string[];
}

/** A refused request: `status` and the server's own `code`. */
export class StarlingError extends Error {
  status: number;
  code: string;
  constructor(message: string, detail?: { status?: number; code?: string });
}

export class Room {
  readonly name: string;
  /** Resolves when the server has accepted the room. */
  readonly joined: Promise<void>;
  on<Data = unknown>(event: string, fn: (event: StarlingEvent<Data>) => void): () => void;
  publish(event: string, data: unknown, extra?: PublishExtra): Promise<Published>;
  history(options?: { after?: string; limit?: number }): Promise<HistoryPage>;
  presence(): Promise<Presence>;
  leave(): Promise<void>;
}

export class Starling {
  constructor(options: StarlingOptions);
  readonly state: StarlingState;
  readonly rooms: string[];
  readonly transport: 'sse' | 'ws' | 'poll';
  readonly url: string;
  readonly clientId: string;
  readonly session: Session | null;
  readonly quality: 'excellent' | 'good' | 'fair' | 'poor';
  readonly counters: Record<
    'attempts' | 'connects' | 'reconnects' | 'events' | 'duplicates' | 'heartbeats', number>;
  /** The position to resume from. */
  lastId: string;
  on<Name extends keyof ClientEvents>(name: Name, fn: (value: ClientEvents[Name]) => void): () => void;
  on<Data = unknown>(name: string, fn: (event: StarlingEvent<Data>) => void): () => void;
  off(name: string, fn: (value: never) => void): void;
  connect(): void;
  close(): void;
  reconnectNow(): void;
  subscribe(...rooms: (string | string[])[]): Promise<void>;
  unsubscribe(...rooms: (string | string[])[]): Promise<void>;
  room(name: string): Room;
  history(room: string, options?: { after?: string; limit?: number }): Promise<HistoryPage>;
  presence(room: string): Promise<Presence>;
  publish(room: string, event: string, data: unknown, extra?: PublishExtra): Promise<Published>;
  publish(message: Target & { event: string; data: unknown } & PublishExtra): Promise<Published>;
}

export class SseParser {
  lastEventId: string;
  constructor(handlers?: {
    onEvent?: (event: { type: string; data: string; lastEventId: string }) => void;
    onComment?: (text: string) => void;
    onRetry?: (ms: number) => void;
  });
  push(bytes: Uint8Array): void;
}

export function retryDelay(options?: {
  kind?: 'away' | 'auth' | 'address'; attempt?: number; retry?: number;
  quality?: 'excellent' | 'good' | 'fair' | 'poor'; maxDelay?: number; random?: () => number;
}): number;
export function classifyError(failure?: { status?: number }): 'away' | 'auth' | 'address';

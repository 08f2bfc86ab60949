export { ConnectionQuality } from './quality.js';
export { BACKOFF, classifyError, LONG_TERM_MS, QUALITY_FACTOR, retryDelay } from './retry.js';
export { SseParser } from './sse_parser.js';
export { Starling } from './starling.js';
export { StarlingError } from './errors.js';

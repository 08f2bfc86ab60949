// What the tests look at: the modules, or the one file that is made of them (STARLING_ONE_FILE=1).
const file = process.env.STARLING_ONE_FILE ? '../dist/starling.js' : '../src/index.js';
export const {
  BACKOFF, classifyError, ConnectionQuality, LONG_TERM_MS, QUALITY_FACTOR, retryDelay, SseParser, Starling,
  StarlingError,
} = await import(file);

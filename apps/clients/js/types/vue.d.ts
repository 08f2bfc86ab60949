import type { MaybeRefOrGetter, Ref } from 'vue';
import type { Starling, StarlingEvent, StarlingOptions, StarlingState } from './index.js';

export function provideStarling(options: StarlingOptions | Starling): Starling;
export function useStarling(): Starling;
export function useStarlingState(client?: Starling): Ref<StarlingState>;
export function useRoom<Data = unknown>(
  room: MaybeRefOrGetter<string | null>, name: string,
  listener: (event: StarlingEvent<Data>) => void, client?: Starling): void;

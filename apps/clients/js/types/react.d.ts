import type { FunctionComponent, ReactNode } from 'react';
import type { Starling, StarlingEvent, StarlingOptions, StarlingState } from './index.js';

export const StarlingProvider: FunctionComponent<
  { children?: ReactNode } & ({ options: StarlingOptions; client?: undefined } | { client: Starling; options?: undefined })>;
export function useStarling(): Starling | null;
export function useStarlingState(): StarlingState;
export function useRoom<Data = unknown>(
  room: string | null, name: string, listener: (event: StarlingEvent<Data>) => void): void;

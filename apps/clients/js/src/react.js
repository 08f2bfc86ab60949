// React hooks: react is a peer dependency.
import { createContext, createElement, useContext, useEffect, useRef, useState } from 'react';
import { Starling } from './starling.js';

const Client = createContext(null);

/// Makes one client for everything inside and closes it at the end. `options` count when it mounts;
/// `client` instead of them uses one that is there, and leaves it open.
export function StarlingProvider({ options, client, children }) {
  const [made, setMade] = useState(client ?? null);
  const first = useRef(options);
  useEffect(() => {
    if (client) return setMade(client);
    const own = new Starling(first.current);
    setMade(own);
    return () => own.close();
  }, [client]);
  return createElement(Client.Provider, { value: made }, children);
}

/// The client of the nearest provider; null until the provider has mounted.
export function useStarling() {
  return useContext(Client);
}

/// 'connecting', 'open', ...: the client's state, as it changes.
export function useStarlingState() {
  const client = useStarling();
  const [state, setState] = useState(client?.state ?? 'idle');
  useEffect(() => {
    if (!client) return undefined;
    setState(client.state);
    return client.on('starling:state', (now) => setState(now.state));
  }, [client]);
  return state;
}

/// Calls `listener` (the newest one given) for each event of that name ('*': all) of a room, which
/// is joined while the component is there; `room` null: of all rooms.
export function useRoom(room, name, listener) {
  const client = useStarling();
  const newest = useRef(listener);
  newest.current = listener;
  useEffect(() => {
    if (!client) return undefined;
    if (room === null) return client.on(name, (event) => newest.current(event));
    const joined = client.room(room);
    joined.on(name, (event) => newest.current(event));
    return () => void joined.leave().catch(() => {}); // nobody is left to be told
  }, [client, room, name]);
}

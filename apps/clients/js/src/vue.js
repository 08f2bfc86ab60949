// Vue composables: vue is a peer dependency.
import { inject, onScopeDispose, provide, ref, toValue, watch } from 'vue';
import { Starling } from './starling.js';

const key = Symbol('starling');

/// Makes one client for this component and everything inside, and closes it at the end.
export function provideStarling(options) {
  const client = options instanceof Starling ? options : new Starling(options);
  provide(key, client);
  if (client !== options) onScopeDispose(() => client.close());
  return client;
}

export function useStarling() {
  const client = inject(key, null);
  if (!client) throw new Error('useStarling: no provideStarling() above this component');
  return client;
}

/// A ref of the client's state: 'connecting', 'open', ...
export function useStarlingState(client = useStarling()) {
  const state = ref(client.state);
  onScopeDispose(client.on('starling:state', (now) => { state.value = now.state; }));
  return state;
}

/// Calls `listener` for each event of that name ('*': all) of a room (text or ref), which is joined
/// while the component is there.
export function useRoom(room, name, listener, client = useStarling()) {
  let joined = null;
  const leave = () => joined?.leave().catch(() => {}); // nobody is left to be told
  watch(() => toValue(room), (wanted) => {
    leave();
    joined = wanted ? client.room(wanted) : null;
    joined?.on(name, listener);
  }, { immediate: true });
  onScopeDispose(leave);
}

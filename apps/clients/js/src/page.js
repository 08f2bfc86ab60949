const SLEEP_CHECK_MS = 5_000;
const SLEPT_MS = 4 * SLEEP_CHECK_MS;

/// Watches the page and its machine for a client. Returns what ends that.
export function watchPage(core) {
  const undo = [];
  const end = () => undo.forEach((each) => each());
  if (!globalThis.addEventListener) return end;
  const listen = (target, name, fn) => {
    target.addEventListener(name, fn);
    undo.push(() => target.removeEventListener(name, fn));
  };
  // Something has changed for the better, perhaps: no more waiting, and is the connection alive?
  const lookAgain = () => {
    core.run?.wake?.();
    core.run?.link?.check();
  };

  // An open connection keeps a page out of the back/forward cache, so it ends here and the position
  // brings back what was missed.
  let paused = false;
  listen(globalThis, 'pagehide', () => {
    paused = core.run !== null;
    if (!paused) return;
    core.stop('pagehide');
    core.state({ state: 'paused' });
  });
  listen(globalThis, 'pageshow', () => {
    if (paused) core.start();
    paused = false;
  });
  listen(globalThis, 'online', lookAgain);
  listen(globalThis, 'offline', () => core.run?.wake && core.state({ state: 'offline' }));
  if (!globalThis.document) return end;
  listen(document, 'visibilitychange', () => document.hidden || lookAgain());
  // Timers stand still while the machine sleeps: the connection may be long dead by then.
  let last = Date.now();
  const timer = setInterval(() => {
    const slept = Date.now() - last > SLEPT_MS;
    last = Date.now();
    if (slept && !document.hidden) core.run?.restart();
  }, SLEEP_CHECK_MS);
  undo.push(() => clearInterval(timer));
  return end;
}

// One client of others, used as its own README shows: LIBRARY URL EVENT TOKEN. Says `open` for each connection
// that it tells of, and the data of each event, a line of JSON each; what went wrong goes to stderr.
const [library, url, name, token] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${token}` };
const say = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

/// Whatever has the interface of a browser's EventSource.
function listen(source) {
  source.onopen = () => say('open');
  source.onerror = ({ message, status }) => console.error('error', status ?? '', message ?? '');
  source.addEventListener(name, ({ data }) => say(JSON.parse(data)));
}

/// The libraries that are made for pages look for these.
function likeAPage() {
  const page = new EventTarget();
  globalThis.window = globalThis;
  globalThis.addEventListener = page.addEventListener.bind(page);
  globalThis.document = Object.assign(new EventTarget(), { hidden: false });
}

const withFetch = {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, ...headers } }),
};

const clients = {
  async 'eventsource-2'() {
    const { default: EventSource } = await import('eventsource-2');
    listen(new EventSource(url, { headers }));
  },
  async 'eventsource-3'() {
    const { EventSource } = await import('eventsource-3');
    listen(new EventSource(url, withFetch));
  },
  async 'eventsource-4'() {
    const { EventSource } = await import('eventsource-4');
    listen(new EventSource(url, withFetch));
  },
  async 'event-source-polyfill'() {
    likeAPage();
    const { default: { EventSourcePolyfill } } = await import('event-source-polyfill');
    listen(new EventSourcePolyfill(url, { headers }));
  },
  async 'reconnecting-eventsource'() {
    const { EventSource } = await import('eventsource-4');
    const { default: ReconnectingEventSource } = await import('reconnecting-eventsource');
    listen(new ReconnectingEventSource(url, { ...withFetch, eventSourceClass: EventSource }));
  },
  async '@microsoft/fetch-event-source'() {
    likeAPage();
    const { EventStreamContentType, fetchEventSource } = (await import('@microsoft/fetch-event-source')).default;
    class Retriable extends Error {}
    await fetchEventSource(url, {
      headers,
      async onopen(response) {
        if (!response.ok || response.headers.get('content-type') !== EventStreamContentType)
          throw new Error(`${response.status} ${response.headers.get('content-type')}`);
        say('open');
      },
      onmessage({ event, data }) {
        if ((event || 'message') === name) say(JSON.parse(data));
      },
      onclose() {
        throw new Retriable('the server closed the stream');
      },
      onerror(error) {
        console.error('error', error.message);
        if (!(error instanceof Retriable) && !(error instanceof TypeError)) throw error;
      },
    });
  },
};

await clients[library]();

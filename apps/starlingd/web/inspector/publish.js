/// The form that publishes. `publisher()` gives a client.
import { $, setText } from '/web/shared/dom.js';
import { milliseconds } from '/web/shared/format.js';

/// JSON, or the text itself: plain text is a payload too.
export function parsedData(text) {
  try {
    return JSON.parse(text);
  } catch {
    // not JSON
    return text;
  }
}

export function watchPublishForm(publisher) {
  $('target-kind').addEventListener('change', () => {
    $('target').disabled = $('target-kind').value === 'all';
  });
  $('publish-form').addEventListener('submit', async (submit) => {
    submit.preventDefault();
    const kind = $('target-kind').value;
    const target = kind === 'all' ? { all: true } : { [kind]: $('target').value.trim() };
    const began = performance.now();
    $('published').className = 'dim';
    setText($('published'), 'sending');
    try {
      await publisher().publish({
        ...target,
        event: $('event-name').value.trim(),
        data: parsedData($('data').value),
        ...($('ephemeral').checked ? { ephemeral: true } : {}),
      });
      $('published').className = 'good';
      setText($('published'), `accepted in ${milliseconds(performance.now() - began)}`);
    } catch (error) {
      $('published').className = 'bad';
      setText($('published'), `${error.status ?? ''} ${error.message}`);
    }
  });
}

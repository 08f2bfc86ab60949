/// Doctor and trace, as forms.
import { $, h } from '/web/shared/dom.js';
import { plural } from '/web/shared/format.js';
import { diagnose, fetchFacts } from '/web/admin/doctor.js';
import { showTrace } from '/web/admin/trace.js';

const field = (label, placeholder) => {
  const input = h('input', { placeholder, spellcheck: 'false', autocapitalize: 'off' });
  return { input, label: h('label', {}, label, input) };
};

export function makeTools(api) {
  $('view-tools').append(doctor(api), trace(api));
}

function doctor(api) {
  const user = field('User who gets no messages', 'anybody');
  const room = field('Room they should come from', 'any');
  const result = h('div', { role: 'status' });
  const submit = async (event) => {
    event.preventDefault();
    result.replaceChildren(h('p', { class: 'dim' }, 'Examining'));
    try {
      const facts = await fetchFacts(api, { user: user.input.value.trim(), room: room.input.value.trim() });
      result.replaceChildren(...show(diagnose(facts)));
    } catch (error) {
      result.replaceChildren(h('p', { class: 'bad' }, `The cluster cannot be examined: ${error.message}`));
    }
  };
  return h(
    'section',
    { 'aria-label': 'Doctor' },
    h('h2', {}, 'Doctor: why do messages not arrive?'),
    h(
      'form',
      { class: 'toolbar', onsubmit: submit },
      user.label,
      room.label,
      h('button', { type: 'submit', class: 'main' }, 'Examine'),
    ),
    result,
  );
}

function show({ checks, findings }) {
  const list = h(
    'ul',
    { class: 'checks' },
    ...checks.map(({ name, ok, detail }) =>
      h('li', {}, h('span', { class: ok ? 'good' : 'bad' }, ok ? 'ok' : 'FAIL'), ` ${name}: ${detail}`),
    ),
  );
  if (!findings.length) return [list, h('p', {}, 'Nothing found.')];
  return [
    list,
    h('h3', {}, plural(findings.length, 'finding')),
    h(
      'ol',
      { class: 'findings' },
      ...findings.map(({ severity, message, evidence, fix }) =>
        h(
          'li',
          {},
          h('p', { class: severity === 'error' ? 'bad' : 'warn' }, `${severity}: ${message}`),
          h('p', { class: 'dim' }, `Seen: ${evidence}`),
          h('p', {}, `To do: ${fix}`),
        ),
      ),
    ),
  ];
}

function trace(api) {
  const room = field('Room', 'lobby');
  const submit = (event) => {
    event.preventDefault();
    if (room.input.value.trim()) showTrace(api, room.input.value.trim());
  };
  return h(
    'section',
    { 'aria-label': 'Trace' },
    h('h2', {}, 'Trace: the way of an event, with a time per hop'),
    h(
      'form',
      { class: 'toolbar', onsubmit: submit },
      room.label,
      h('button', { type: 'submit', class: 'main' }, 'Trace'),
    ),
  );
}

/// Small helpers for building a page without a framework.
export const $ = (id) => document.getElementById(id);

/// h('td', {class: 'number', onclick: fn, 'aria-label': 'x'}, 'text', child). A property that is
/// undefined or false is left out; names beginning with `on` are listeners.
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.filter((child) => child !== undefined && child !== null));
  return element;
}

/// Writes only what changed, so that a page which stands still costs nothing.
export function setText(element, text) {
  const words = String(text);
  if (element.textContent !== words) element.textContent = words;
}

/// Calls `fn` once, `ms` after the last call.
export function debounce(fn, ms) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(fn, ms, ...given);
  };
}

/// Puts text on the clipboard; without https the old way is the only one. -> was it done?
export async function copy(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // not allowed here: the old way may be
    }
  }
  const field = h('textarea', { class: 'visually-hidden' });
  field.value = text;
  (document.querySelector('dialog[open]') ?? document.body).append(field);
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  return done;
}

/// A button that copies what `text()` gives and says that it did.
export function copyButton(label, text) {
  return h(
    'button',
    {
      type: 'button',
      class: 'small',
      onclick: async ({ currentTarget: button }) => {
        const done = await copy(text());
        button.textContent = done ? 'Copied' : 'Not allowed';
        setTimeout(() => {
          button.textContent = label;
        }, 1500);
      },
    },
    label,
  );
}

let sheets = 0; // so far, for their ids

/// A dialog: title, body, a button that closes it. It is gone when it is closed.
export function sheet(title, ...body) {
  const heading = h('h2', { id: `sheet-${++sheets}`, class: 'clip' }, title);
  const close = h('button', { type: 'button', onclick: () => dialog.close() }, 'Close');
  const dialog = h(
    'dialog',
    { class: 'wide', 'aria-labelledby': heading.id },
    h('div', { class: 'sheet-head' }, heading, close),
    ...body,
  );
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/// A table that scrolls by itself, with a caption for those who do not see it.
export function table(caption, heads, { hideCaption = true, id } = {}) {
  const body = h('tbody', { id });
  const cells = heads.map((head) =>
    typeof head === 'string'
      ? h('th', { scope: 'col' }, head)
      : h('th', { scope: 'col', ...head[1] }, head[0]),
  );
  const element = h(
    'table',
    {},
    h('caption', {}, hideCaption ? h('span', { class: 'visually-hidden' }, caption) : caption),
    h('thead', {}, h('tr', {}, ...cells)),
    body,
  );
  const box = h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': caption }, element);
  return { box, element, body };
}

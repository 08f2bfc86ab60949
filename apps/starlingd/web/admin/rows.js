/// Rows of a table that is filled again and again: they keep their elements by key, so a focused
/// button stays focused and what did not change is not touched.
import { h, setText } from '/web/shared/dom.js';

/// columns: [{head, cell(item), class?}]. A cell is a text, or {text, class?, title?}, or {button,
/// label, run, class?, disabled?} with `label` saying what the button does to which thing.
export function fillRows(body, columns, items, key, rowClass = () => '') {
  const known = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  items.forEach((item, index) => {
    const name = String(key(item));
    let row = known.get(name);
    known.delete(name);
    if (!row) {
      row = h('tr', { 'data-key': name });
      for (const column of columns) row.append(h('td', { class: column.class }));
    }
    if (body.rows[index] !== row) body.insertBefore(row, body.rows[index] ?? null);
    row.className = rowClass(item);
    columns.forEach((column, at) => fill(row.cells[at], column, column.cell(item)));
  });
  for (const row of known.values()) row.remove();
}

function fill(cell, column, value) {
  if (value?.button) {
    const button = cell.querySelector('button') ?? cell.appendChild(h('button', { type: 'button' }));
    button.className = value.class ?? 'small';
    setText(button, value.button);
    if (value.label) button.setAttribute('aria-label', value.label);
    button.disabled = Boolean(value.disabled);
    button.onclick = value.run;
    return;
  }
  setText(cell, value?.text ?? value ?? '–');
  cell.className = [column.class, value?.class].filter(Boolean).join(' ');
  if (value?.title) cell.title = value.title;
}

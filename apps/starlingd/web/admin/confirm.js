/// Asks before something is done that cannot be undone.
import { h } from '/web/shared/dom.js';

/// -> true when `verb` was pressed.
export async function confirmed(question, verb) {
  const text = h('p', { id: 'confirm-text' }, question);
  const dialog = h(
    'dialog',
    { class: 'confirm', 'aria-labelledby': 'confirm-text' },
    h(
      'form',
      { method: 'dialog' },
      text,
      h(
        'div',
        { class: 'bar' },
        h('button', { value: 'no', autofocus: true }, 'Cancel'),
        h('button', { id: 'confirm-yes', class: 'danger', value: 'yes' }, verb),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.returnValue = 'no';
  dialog.showModal();
  await new Promise((resolve) => {
    dialog.addEventListener('close', resolve, { once: true });
  });
  dialog.remove();
  return dialog.returnValue === 'yes';
}

/// The same, then the call; `say(text, bad)` is told how it went. -> true when it was done.
export async function act(api, say, { question, verb, path, method, query }) {
  if (!(await confirmed(question, verb))) return false;
  try {
    await api.call(path, { method, query });
    say(`${verb}: done`);
    return true;
  } catch (error) {
    say(`${verb} failed: ${error.message}`, true);
    return false;
  }
}

/// A view of very many things: searched, sorted and paged by the cluster, a page of rows at a time.
import { debounce, h, setText, table } from '/web/shared/dom.js';
import { number } from '/web/shared/format.js';
import { NoAnswer } from '/web/admin/api.js';
import { fillRows } from '/web/admin/rows.js';

const PAGE = 50;
const SEARCH_MS = 250;

/// plural: of the API. columns: as in rows.js, with `sort` where the API can sort by it and `rising`
/// when that is from small to great. sort: the first order. key: of an item.
export class List {
  #api;
  #options;
  #sort;
  #search = '';
  #afters = ['']; // where the pages up to this one begin
  #asked = 0;
  #next = null;
  #heads = new Map();

  constructor(host, api, options) {
    this.#api = api;
    this.#options = options;
    this.#sort = options.sort;
    const { columns, title, hint } = options;
    const input = h('input', {
      type: 'search',
      placeholder: hint,
      'aria-label': hint,
      spellcheck: 'false',
      autocapitalize: 'off',
      oninput: debounce(
        () =>
          this.#restart(() => {
            this.#search = input.value.trim();
          }),
        SEARCH_MS,
      ),
    });
    const step = (label, run) => h('button', { type: 'button', disabled: true, onclick: run }, label);
    this.back = step('Previous', () => this.#turn(-1));
    this.forth = step('Next', () => this.#turn(1));
    this.place = h('span', { class: 'place', role: 'status' });
    const { box, body } = table(
      title,
      columns.map((column) => this.#head(column)),
    );
    this.body = body;
    this.none = h('p', { class: 'empty', hidden: true }, 'Nothing matches.');
    this.fault = h('p', { class: 'bad', role: 'alert', hidden: true });
    host.append(
      h(
        'section',
        { 'aria-label': title },
        h('div', { class: 'toolbar' }, h('h2', {}, title), input, this.place, this.back, this.forth),
        this.fault,
        box,
        this.none,
      ),
    );
    this.#showSort();
  }

  #head({ head, sort, class: of }) {
    const look = { class: of === 'number' && of };
    if (!sort) return [head, look];
    const button = h(
      'button',
      {
        type: 'button',
        class: 'link',
        onclick: () =>
          this.#restart(() => {
            this.#sort = sort;
          }),
      },
      head,
    );
    this.#heads.set(sort, button);
    return [button, look];
  }

  #showSort() {
    const rising = this.#options.columns.find(({ sort }) => sort === this.#sort)?.rising;
    for (const [sort, button] of this.#heads) {
      const cell = button.closest('th');
      if (sort === this.#sort) cell.setAttribute('aria-sort', rising ? 'ascending' : 'descending');
      else cell.removeAttribute('aria-sort');
    }
  }

  #restart(change) {
    change();
    this.#afters = [''];
    this.#showSort();
    return this.again();
  }

  #turn(by) {
    if (by < 0 && this.#afters.length > 1) this.#afters.pop();
    if (by > 0 && this.#next) this.#afters.push(this.#next);
    return this.again();
  }

  /// That nobody answers is for the page's next look to say.
  again() {
    return this.show().catch((error) => {
      if (!(error instanceof NoAnswer)) throw error;
    });
  }

  /// Reads this page again. An answer that a later question has overtaken is dropped.
  async show() {
    const asked = ++this.#asked;
    const { plural, columns, key, query = {} } = this.#options;
    let answer;
    try {
      answer = await this.#api.call(plural, {
        query: {
          ...this.#api.scope,
          ...query,
          limit: PAGE,
          sort: this.#sort,
          search: this.#search,
          after: this.#afters.at(-1),
        },
      });
    } catch (error) {
      if (error instanceof NoAnswer) throw error; // the page as a whole says so
      this.fault.hidden = false;
      return setText(this.fault, error.message);
    }
    if (asked !== this.#asked) return;
    this.fault.hidden = true;
    const items = answer[plural] ?? [];
    this.#next = answer.next;
    fillRows(this.body, columns, items, key);
    const first = (this.#afters.length - 1) * PAGE;
    setText(
      this.place,
      items.length
        ? `${number(first + 1)}–${number(first + items.length)} of ${number(answer.total)}`
        : 'none',
    );
    this.none.hidden = items.length > 0;
    this.back.disabled = this.#afters.length < 2;
    this.forth.disabled = !answer.next;
  }
}

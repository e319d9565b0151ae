// The user's people and dances: renamed, learned further, saved as files, deleted, added.

import { Slot, confirming, h, messageBox, pressing } from '/studio/dom.js';
import { pictureOf } from '/studio/picker.js';
import { ask, send } from '/studio/server.js';
import { WORDS } from '/studio/words.js';

export class PeopleView {
  constructor(app) {
    this.app = app;
    this.list = new Slot('div');
    this.message = messageBox();
    this.root = h('div.people', {}, h('h2', {}, WORDS.people.title), this.message.root, this.list.root, this.#adding());
  }

  update(server) {
    const words = WORDS.people;
    // Built anew while a name is typed or a question is open, either would be lost.
    if (this.list.root.querySelector('form, .danger')) return;
    const shown = server.library.map(({ megabytes, ...entry }) => entry); // its size changes all the time
    this.list.show(shown, () => ['person', 'dance'].map((kind) => {
      const entries = server.library.filter((entry) => entry.kind === kind);
      return h('section', {}, h('h3', {}, kind === 'person' ? words.people : words.dances), entries.length
        ? h('div.entries', {}, entries.map((entry) => this.#entry(entry)))
        : h('p.hint', {}, kind === 'person' ? words.nobody : words.none));
    }));
  }

  #entry(entry) {
    const words = WORDS.people;
    const message = messageBox();
    const actions = h('div.row');
    const card = h('article.entry', { id: `entry-${entry.id}` }, h('span.picture', {}, pictureOf(entry)), h('div', {}, h('h4', {}, entry.name), h('p', {}, words.learned(entry)), h('p.hint', {}, [words.from(entry), words.about(entry), entry.agreed && words.agreed].filter(Boolean).join(' ')), actions, message.root));
    const button = (text, action, kind = 'button') => {
      const made = h(kind, {}, text);
      made.onclick = pressing(made, message, action);
      return made;
    };
    const plain = () => actions.replaceChildren(...[
      entry.more && button(words.more, async () => {
        const { job } = await ask(`api/library/${entry.id}/learn`, { minutes: 5, key: crypto.randomUUID() });
        this.app.askToNotify();
        await this.app.refresh();
        this.app.open(`videos/${job}`);
      }),
      button(words.rename, async () => {
        actions.replaceChildren(this.#renaming(entry, message, plain));
        actions.querySelector('input').focus();
      }),
      entry.archive && h('a.button', { href: entry.archive, download: '' }, words.save),
      entry.report && h('a.button', { href: entry.report, target: '_blank', rel: 'noopener' }, words.how),
      confirming(WORDS.remove, { question: words.sure(entry.name), yes: words.yes(entry.name), no: words.no }, message, async () => {
        await ask(`api/library/${entry.id}/delete`, {});
        plain();
        this.message.tell(words.deleted(entry.name), { good: true, focus: true });
        await this.app.refresh();
      }),
    ].filter(Boolean));
    plain();
    return card;
  }

  #renaming(entry, message, plain) {
    const words = WORDS.people;
    const name = h('input', { type: 'text', value: entry.name, maxLength: 60, 'aria-label': words.newName(entry.name) });
    const save = async (event) => {
      event.preventDefault();
      try {
        await ask(`api/library/${entry.id}/rename`, { name: name.value });
        plain();
        await this.app.refresh();
      } catch (error) {
        message.tell(error.message);
      }
    };
    return h('form.row', { onsubmit: save }, name, h('button.primary', { type: 'submit' }, words.keep), h('button', { type: 'button', onclick: plain }, WORDS.cancel));
  }

  #adding() {
    const words = WORDS.people;
    const message = messageBox();
    const name = h('span', {}, words.choose);
    const input = h('input', { type: 'file', accept: '.zip,.dancenow', id: 'import', onchange: () => { name.textContent = input.files[0]?.name ?? words.choose; message.clear(); } });
    const agreed = h('input', { type: 'checkbox', id: 'import-consent' });
    const add = h('button.primary', { id: 'import-add' }, words.adding);
    add.onclick = pressing(add, message, async () => {
      const [file] = input.files;
      if (!file) throw new Error(words.chooseFirst);
      const { limits } = this.app.server;
      if (file.size > limits.bytes) throw new Error(WORDS.upload.tooLarge(file.name, limits.bytes));
      const entry = await send(file, 'archive', (part) => message.tell(WORDS.upload.sending(part), { good: true }), { consent: agreed.checked ? 'yes' : 'no' });
      input.value = '';
      name.textContent = words.choose;
      agreed.checked = false;
      message.tell(words.added(entry.name), { good: true });
      await this.app.refresh();
    });
    return h('fieldset.picker', {}, h('legend', {}, words.add), h('label.file', {}, name, input), h('label.check', {}, agreed, h('span', {}, this.app.server.consent.replace('in this clip ', ''))), add, message.root);
  }
}

// Making a video: a dance, a dancer, one button; then its progress and the result.

import { Slot, h, messageBox, pressing, radios } from '/studio/dom.js';
import { Picker, pictureOf } from '/studio/picker.js';
import { ask, send } from '/studio/server.js';
import { JobStage } from '/studio/stage.js';
import { WORDS } from '/studio/words.js';

const MINUTES = [1, 5, 10]; // of learning, for each quality
const CLIPS = 'video/*,image/gif,image/webp,image/apng,.mkv,.avi';

/** The radio buttons of the qualities with what each takes on this computer. */
export function qualities(name, chosen, seconds, who, onchange) {
  const { title, levels, takes, note, ready } = WORDS.quality;
  if (seconds && seconds[0] === seconds[2]) return [h('p', {}, ready(who, seconds[0]))];
  const choices = levels.map((level, index) => [String(MINUTES[index]), level, seconds ? takes(seconds[index]) : ' ']);
  return [radios(name, title, choices, String(chosen), (value) => onchange(Number(value)), { className: '.quality' }), h('p.hint', {}, seconds ? note : ' ')];
}

/** The name of somebody new, and that they agreed. */
export function newPerson(consent) {
  const name = h('input', { type: 'text', maxLength: 60, id: 'person-name', autocomplete: 'off' });
  const agreed = h('input', { type: 'checkbox', id: 'consent' });
  const root = h('div.new-person', {}, h('label', {}, h('span', {}, WORDS.newPerson.name), name), h('label.check', {}, agreed, h('span', {}, consent)));
  return { root, name, agreed };
}

export class MakeView {
  constructor(app) {
    this.app = app;
    this.minutes = 5;
    this.estimate = null;
    this.behind = 'target';
    this.own = null;
    this.job = null;
    const changed = (_, quietly) => { if (!quietly) this.job = null; this.#changed(); };
    const removed = (ref) => { for (const each of [this.dance, this.dancer]) each.forget(ref); app.refresh(); };
    this.dance = new Picker({ name: 'dance', words: WORDS.dance, accept: CLIPS, onpick: changed, onremove: removed });
    this.dancer = new Picker({ name: 'dancer', words: WORDS.dancer, accept: `${CLIPS},image/*,.heic`, photos: true, onpick: changed, onremove: removed });
    this.stage = new JobStage(app.act);
    this.message = messageBox();
    this.chosen = new Slot('div.chosen');
    this.quality = new Slot('div');
    this.person = newPerson(app.server.consent);
    this.limbs = h('input', { type: 'checkbox', id: 'limbs' });
    this.rooms = new Slot('div');
    this.go = h('button.primary.big', { id: 'go' }, WORDS.go);
    this.go.onclick = pressing(this.go, this.message, () => this.#make());
    this.form = h('div.form', {},
      this.chosen.root, this.person.root, this.quality.root,
      h('details', { id: 'more' }, h('summary', {}, WORDS.more.title), this.rooms.root, h('label.check', {}, this.limbs, h('span', {}, WORDS.more.limbs))),
      this.message.root, h('div.go', {}, this.go));
    this.panel = h('section.stage', { 'aria-label': WORDS.pages.make }, this.form, this.stage.root);
    this.root = h('div.make', {}, h('div.pick', {}, this.dance.root, tips()), h('div.pick', {}, this.dancer.root), this.panel);
    this.#changed();
  }

  update(server) {
    this.dance.show(server.dances, server.limits);
    this.dancer.show(server.dancers, server.limits);
    const job = server.jobs.find((each) => each.id === this.job);
    if (this.job && !job) this.job = null;
    this.form.hidden = Boolean(job);
    this.stage.root.hidden = !job;
    if (job) this.stage.show(job);
  }

  /** Show a job in place of the form. */
  follow(id) {
    this.job = id;
    this.update(this.app.server);
    this.panel.scrollIntoView({ block: 'nearest' });
    this.stage.focus();
  }

  /** Back to the form, with the dancer of a job, and its dance if that is wanted too. */
  again(job, { dance = false, more = false } = {}) {
    this.job = null;
    this.dancer.pickRef(job.again.person);
    if (dance) {
      this.dance.whos.set(job.again.source, job.again.source_person ?? 'largest');
      this.dance.pickRef(job.again.source);
    }
    this.update(this.app.server);
    if (more) this.form.querySelector('#more').open = true;
    (more ? this.form.querySelector('#more summary') : this.dance.root.querySelector('input'))?.focus();
  }

  /** The same video again, learned for longer. */
  async longer(job) {
    const { source, source_person, person, limbs, background } = job.again;
    const learned = this.app.server.library.find((entry) => person === `person:${entry.id}`)?.learned ?? 0;
    const form = { source, source_person, target: person, minutes: Math.min(60, learned / 60 + 5), limbs, background };
    await this.#order(form);
  }

  #changed() {
    const [dance, dancer] = [this.dance.picked, this.dancer.picked];
    this.message.clear();
    this.chosen.show([dance, dancer], () => this.#pair(dance, dancer));
    this.person.root.hidden = !dancer?.ref.startsWith('upload:');
    this.#room();
    this.#quality(null);
    if (this.app.server.dances) this.update(this.app.server);
    if (dance && dancer) this.#estimated();
  }

  #pair(dance, dancer) {
    const { stage } = WORDS;
    if (!dance && !dancer) return h('p.empty', {}, stage.empty);
    const half = (card, empty) => (card ? h('figure', {}, h('span.picture', {}, pictureOf(card, true)), h('figcaption', {}, card.name)) : h('figure.missing', {}, h('span.picture'), h('figcaption', {}, empty)));
    return h('div.pair', {}, half(dance, stage.needDance), h('span.arrow', { role: 'img', 'aria-label': '→' }, '→'), half(dancer, stage.needDancer));
  }

  #quality(seconds) {
    this.estimate = seconds;
    this.quality.show([seconds, this.minutes, this.dancer.picked?.name], () => qualities('quality', this.minutes, seconds, this.dancer.picked?.name, (value) => { this.minutes = value; this.#quality(this.estimate); }));
  }

  #room() {
    const { more } = WORDS;
    this.rooms.show([this.behind, this.own?.name], () => [
      radios('behind', more.behind, more.rooms, this.behind, (value) => { this.behind = value; this.#room(); }),
      this.behind === 'own' && h('label.file', {}, h('span', {}, this.own?.name ?? more.own),
        h('input', { type: 'file', accept: `${CLIPS},image/*`, id: 'own', onchange: (event) => this.#ownRoom(event.target.files[0]) })),
    ]);
  }

  async #ownRoom(file) {
    if (!file) return;
    this.message.clear();
    try {
      this.own = await send(file, 'background');
    } catch (error) {
      this.own = null;
      this.message.tell(error.message);
    }
    this.#room();
  }

  async #estimated() {
    const asked = this.#values();
    const { seconds } = await ask('api/make/estimate', { kind: 'transfer', form: asked }).catch(() => ({}));
    if (JSON.stringify(asked) === JSON.stringify(this.#values())) this.#quality(seconds);
  }

  #values() {
    const [dance, dancer] = [this.dance.picked, this.dancer.picked];
    return {
      source: dance?.ref ?? '', target: dancer?.ref ?? '', minutes: this.minutes, limbs: this.limbs.checked,
      name: this.person.name.value, consent: this.person.agreed.checked,
      background: this.behind === 'own' ? this.own?.ref ?? 'own' : this.behind,
      source_person: this.dance.who, target_person: this.dancer.who,
    };
  }

  async #make() {
    const form = this.#values();
    if (!form.source) throw new Error(WORDS.stage.needDance);
    if (!form.target) throw new Error(WORDS.stage.needDancer);
    if (form.background === 'own') throw new Error(WORDS.more.ownFirst);
    if (form.target.startsWith('upload:') && !form.consent) throw new Error(WORDS.consentFirst);
    // A second press of the same is the same order; after a change it is another one.
    const asked = JSON.stringify(form);
    if (this.pressed?.asked !== asked) this.pressed = { asked, key: crypto.randomUUID() };
    await this.#order(form, this.pressed.key);
    this.pressed = null;
    // Who was an upload is a person now: pressed again, nobody is learned twice.
    this.dancer.forget(form.target);
    this.dancer.pickRef(this.app.server.jobs.find((each) => each.id === this.job)?.again.person, { quietly: true });
    this.person.agreed.checked = false;
    this.person.name.value = '';
  }

  async #order(form, key = '') {
    this.app.askToNotify();
    const { job } = await ask('api/make/transfer', { form, key });
    await this.app.refresh();
    this.follow(job);
  }
}

/** What makes a good clip, in pictures. */
function tips() {
  const { title, good } = WORDS.tips;
  return h('details.tips', {}, h('summary', {}, title), h('ul', {}, good.map(([name, text]) => h('li', {}, h('img', { src: `/studio/tip-${name}.svg`, alt: '', width: 96, height: 96 }), text))));
}

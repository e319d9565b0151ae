// A grid of tiles of which one is picked, or a clip of one's own is added.

import { Slot, confirming, h, messageBox, pressing, radios } from '/studio/dom.js';
import { partOf } from '/studio/part.js';
import { canRecord, record } from '/studio/recorder.js';
import { ask, looked, send } from '/studio/server.js';
import { WORDS } from '/studio/words.js';

const SHORT = 10; // seconds that somebody new should be seen for

/** The picture of something that can be picked; a clip plays while it is looked at. */
export function pictureOf({ poster, clip, name, kind }, plays = false) {
  if (!clip) return poster ? h(kind === 'dance' ? 'img.row' : 'img', { src: poster, alt: '', loading: 'lazy' }) : h('span.initial', { 'aria-hidden': 'true' }, (name || '?')[0].toUpperCase());
  const video = h('video', { src: clip, poster: poster ?? '', loop: true, playsInline: true, preload: 'none', tabIndex: -1 });
  video.muted = true;
  video.setAttribute('aria-hidden', 'true');
  if (plays && !matchMedia('(prefers-reduced-motion: reduce)').matches) video.autoplay = true;
  return video;
}

export class Picker {
  /**
   * name: of the radio group; words: its title, hint and label of the tile that adds;
   * accept: of the file dialog; photos: whether a photo will do;
   * onpick: called with the picked card, or null, and whether the page picked it; onremove: called
   * when a clip was removed.
   */
  constructor({ name, words, accept, photos = false, fixed = [], onpick, onremove = () => {} }) {
    Object.assign(this, { name, words, accept, photos, fixed, onpick, onremove });
    this.picked = null;
    this.whos = new Map(); // which person of a clip is meant, by its ref
    this.added = [];
    this.sending = null;
    this.message = messageBox();
    this.hint = h('p.hint', { id: `${name}-hint` }, words.hint);
    this.grid = new Slot('div.tiles');
    this.about = new Slot('div');
    this.root = h('fieldset.picker', { id: name, 'aria-describedby': `${name}-hint` }, h('legend', {}, words.title), this.hint, this.about.root, this.message.root, this.grid.root);
    for (const kind of accept ? ['dragover', 'dragleave', 'drop'] : []) this.root.addEventListener(kind, (event) => this.#dropped(event));
    for (const kind of ['mouseover', 'focusin']) this.root.addEventListener(kind, (event) => play(event, true));
    for (const kind of ['mouseout', 'focusout']) this.root.addEventListener(kind, (event) => play(event, false));
  }

  /** Show what can be picked. */
  show(cards, limits) {
    this.limits = limits;
    const known = new Set(cards.map((card) => card.ref));
    this.cards = [...this.fixed, ...this.added.filter((card) => !known.has(card.ref)), ...cards.map((card) => this.added.find((own) => own.ref === card.ref) ?? card)];
    if (this.picked && !this.sending && !this.cards.some((card) => card.ref === this.picked.ref)) this.pick(null);
    this.#draw();
  }

  pick(card, { quietly = false } = {}) {
    this.picked = card;
    this.#draw();
    this.onpick(card, quietly);
  }

  pickRef(ref, how) {
    const card = this.cards?.find((each) => each.ref === ref);
    this.pick(card ?? null, how);
  }

  /** Which person of the picked clip is meant. */
  get who() {
    return this.whos.get(this.picked?.ref) ?? 'largest';
  }

  /** No longer offer a clip that was added. */
  forget(ref) {
    this.added = this.added.filter((card) => card.ref !== ref);
    this.cards = this.cards.filter((card) => card.ref !== ref);
    if (this.picked?.ref === ref) this.pick(null, { quietly: true });
  }

  /** Add a file: it is checked, sent, looked at, and picked. */
  async add(file) {
    if (!file || this.sending) return;
    this.message.clear();
    try {
      const seen = await looked(file, this.limits);
      const photo = this.photos && file.type.startsWith('image/') && file.type !== 'image/gif';
      const url = URL.createObjectURL(file);
      this.sending = { ref: 'sending', name: file.name, about: '', poster: photo ? url : null, clip: photo ? null : url, part: 0 };
      this.#draw();
      const card = await send(file, photo ? 'photo' : this.photos ? 'dancer' : 'clip', (part) => {
        this.sending.part = part;
        this.#told?.(part < 1 ? WORDS.upload.sending(part) : WORDS.upload.looking);
      });
      this.sending = null;
      URL.revokeObjectURL(url);
      this.#have(card);
      if (this.photos && seen.seconds && seen.seconds < SHORT) this.message.tell(WORDS.upload.short(seen.seconds), { good: true });
      document.getElementById(`${this.name}-${card.ref}`)?.focus();
    } catch (error) {
      this.sending = null;
      this.#draw();
      this.message.tell(error.message);
    }
  }

  #told = null;

  #draw() {
    const cards = this.cards ?? [];
    this.grid.show([cards, this.picked?.ref, this.sending?.name], () => [this.#adder(), canRecord && this.accept && this.#recorder(), this.sending && this.#arriving(), ...cards.map((card) => this.#tile(card))]);
    const card = this.picked;
    this.about.show(card && [card.ref, card.strip], () => card && this.#details(card));
  }

  #tile(card) {
    const checked = card.ref === this.picked?.ref;
    return h('label.tile', { title: card.name },
      h('input', { type: 'radio', name: this.name, id: `${this.name}-${card.ref}`, value: card.ref, checked, onchange: () => this.pick(card) }),
      h('span.picture', {}, pictureOf(card, checked)), h('span.name', {}, card.name), h('small', {}, card.about));
  }

  #adder() {
    const file = h('input', { type: 'file', accept: this.accept, id: `${this.name}-file`, onchange: () => { this.add(file.files[0]); file.value = ''; } });
    return h('label.tile.add', {}, file, h('span.picture', { 'aria-hidden': 'true' }, '+'), h('span.name', {}, this.words.add));
  }

  #recorder() {
    const button = h('button.tile.add', { type: 'button', id: `${this.name}-record` }, h('span.picture', { 'aria-hidden': 'true' }, '●'), h('span.name', {}, WORDS.record.tile));
    button.onclick = pressing(button, this.message, async () => this.add(await record()));
    return button;
  }

  #arriving() {
    const status = h('small', { role: 'status' }, WORDS.upload.sending(0));
    this.#told = (line) => { status.textContent = line; };
    return h('div.tile.arriving', {}, h('span.picture', {}, pictureOf(this.sending, true)), h('span.name', {}, this.sending.name), status);
  }

  /** What was seen in a clip of one's own: its poses, and which person is meant. */
  #details(card) {
    if (!card.strip) return null;
    const { who } = WORDS;
    const chosen = (value) => { this.whos.set(card.ref, value); };
    const numbers = card.boxes?.map((_, index) => [String(index + 1), who.number(index + 1)]);
    const choices = numbers ?? who.ways;
    if (!this.whos.has(card.ref)) this.whos.set(card.ref, choices[0][0]);
    const asked = card.people > 1 && card.clip && radios(`${this.name}-who`, who[this.photos ? 'dancer' : 'dance'], choices, this.whos.get(card.ref), chosen);
    return [
      h('div.seen', {}, h('img.strip', { src: card.strip, alt: `The poses found in ${card.name}` }), asked && card.boxes?.map((box, index) => box && this.#tap(box, index))),
      h('p.hint', {}, card.boxes && asked ? who.tap : WORDS.seen.poses),
      asked,
      card.clip && card.seconds > 1 && this.#part(card),
      h('div.row', {}, h('span.space'), confirming(WORDS.seen.remove, WORDS.seen.sure, this.message, () => this.#remove(card))),
    ];
  }

  async #remove(card) {
    await ask(`api/uploads/${card.ref.replace('upload:', '')}/remove`, {});
    this.onremove(card.ref);
  }

  /** A person in the picture, who can be tapped; the keyboard has the radio buttons. */
  #tap([left, top, right, bottom], index) {
    const percent = (part) => `${(100 * part).toFixed(1)}%`;
    const place = h('label.tap', { htmlFor: `${this.name}-who-${index + 1}`, title: WORDS.who.number(index + 1) });
    Object.assign(place.style, { left: percent(left), top: percent(top), width: percent(right - left), height: percent(bottom - top) });
    return place;
  }

  #part(card) {
    const video = h('video', { src: card.clip, playsInline: true, controls: true, preload: 'metadata', 'aria-label': card.name });
    video.muted = true;
    return partOf(card, this.message, { shown: [video], seek: (second) => { video.currentTime = second; }, made: (part) => this.#have(part) });
  }

  #have(card) {
    this.added.unshift(card);
    this.cards = [...this.fixed, card, ...this.cards.filter((each) => !this.fixed.includes(each))];
    this.pick(card);
  }

  #dropped(event) {
    event.preventDefault();
    this.root.classList.toggle('over', event.type === 'dragover');
    if (event.type === 'drop') this.add(event.dataTransfer.files[0]);
  }
}

/** Let the clip of a tile play while the pointer or the focus is on it. */
function play(event, on) {
  const tile = event.target.closest?.('.tile');
  const video = tile?.querySelector('video');
  if (!video || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  if (on) video.play().catch(() => {});
  else if (!tile.querySelector('input')?.checked) video.pause();
}

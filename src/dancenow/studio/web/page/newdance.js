// A new dance: moves, music, energy; seen as a stick figure before anybody performs it.

import { Player } from '/timeline/player.js';
import { Slot, h, messageBox, pressing, radios } from '/studio/dom.js';
import { qualities } from '/studio/make.js';
import { partOf } from '/studio/part.js';
import { Picker } from '/studio/picker.js';
import { ask, finish, looked, send } from '/studio/server.js';
import { JobStage } from '/studio/stage.js';
import { WORDS, clock } from '/studio/words.js';

const LENGTHS = [8, 16, 30, 60]; // seconds
const LARGEST = 2 ** 31;

export class DanceView {
  constructor(app) {
    this.app = app;
    this.form = { dance: 'samples', clips: [], style: [], temperature: 1, seconds: 16, seed: 0, loop: false, minutes: 5 };
    this.job = null;
    this.shown = null; // the form whose dance is on the stage
    this.music = null;
    this.moves = new Slot('div');
    this.performer = new Picker({
      name: 'performer', words: { ...WORDS.dancer, title: WORDS.performer.title, hint: '' }, accept: '', onpick: () => this.#changed(false),
      fixed: [{ ref: '', name: WORDS.performer.figure, about: '', poster: '/studio/figure.svg', clip: null }],
    });
    this.performer.root.classList.add('no-adding');
    this.sound = new Slot('div.music');
    this.soundMessage = messageBox();
    this.options = new Slot('div.options');
    this.quality = new Slot('div');
    this.message = messageBox();
    this.canvas = h('canvas', { width: 640, height: 480, role: 'img', 'aria-label': WORDS.show.stage });
    this.player = new Player(this.canvas, () => this.#played());
    this.play = h('button', { disabled: true, onclick: () => this.player.toggle() }, WORDS.result.play);
    this.place = h('output', {}, '');
    this.status = h('p.hint', { role: 'status' }, WORDS.show.empty);
    this.stop = h('button.small', { id: 'stop', hidden: true, onclick: () => { this.stopped = true; } }, WORDS.cancel);
    const showing = h('button', { id: 'show' }, WORDS.show.go);
    showing.onclick = pressing(showing, this.message, () => this.#show());
    const another = h('button', { id: 'another', hidden: true }, WORDS.variation.another);
    this.another = another;
    another.onclick = pressing(another, this.message, () => { this.form.seed = (this.form.seed + 1) % LARGEST; this.#changed(); return this.#show(); });
    const go = h('button.primary.big', { id: 'go-dance' }, WORDS.go);
    go.onclick = pressing(go, this.message, () => this.#make());
    this.stage = new JobStage(app.act);
    this.preview = h('div.preview', {}, this.canvas, h('div.row', {}, this.play, this.place, h('span.space'), this.stop, showing, another), this.status, this.quality.root, this.message.root, h('div.go', {}, go));
    this.root = h('div.make', {},
      h('div.pick', {}, this.moves.root, this.performer.root),
      h('div.pick', {}, h('fieldset.picker', { id: 'music' }, h('legend', {}, WORDS.music.title), this.sound.root, this.soundMessage.root), this.options.root),
      h('section.stage', { 'aria-label': WORDS.pages.dance }, this.preview, this.stage.root));
    this.#music();
    this.#changed();
  }

  update(server) {
    this.known = server.moves;
    this.performer.show(server.dancers.filter((card) => card.ready || !card.ref.startsWith('upload:')), server.limits);
    if (!this.performer.picked) this.performer.pick(this.performer.cards[0]);
    this.#drawMoves();
    const job = server.jobs.find((each) => each.id === this.job);
    if (this.job && !job) this.job = null;
    this.preview.hidden = Boolean(job);
    this.stage.root.hidden = !job;
    if (job) this.stage.show(job);
  }

  follow(id) {
    this.job = id;
    this.player.playing && this.player.toggle();
    this.update(this.app.server);
  }

  /** The form of a job again, with the next variation. */
  again(job) {
    this.job = null;
    const { dance, person, music, bpm = null, seed = 0, temperature = 1, seconds = 16, style = [], loop = false } = job.again;
    Object.assign(this.form, { seed: (seed + 1) % LARGEST, temperature, seconds, style, loop });
    this.form.dance = this.app.server.moves.some((each) => each.ref === dance) ? dance : 'samples';
    this.performer.show(this.app.server.dancers, this.app.server.limits);
    this.performer.pickRef(person ?? '');
    if (music) this.#useMusic(music, seconds, bpm);
    else this.music = null;
    this.#music();
    this.#changed();
    this.update(this.app.server);
  }

  #drawMoves() {
    const words = WORDS.moves;
    const { form } = this;
    const choices = [...this.known.map((each) => [each.ref, each.name, each.ready ? '' : words.learn]), ['clips', words.add, '']];
    const styles = this.known.find((each) => each.ref === form.dance)?.styles ?? [];
    this.moves.show([choices, styles, form.dance, form.style, this.clips], () => [
      radios('moves', words.title, choices, form.dance, (value) => { form.dance = value; form.style = []; this.#changed(); }, { className: '.list.picker' }),
      form.dance === 'clips' && this.#ownClips(),
      styles.length > 0 && radios('style', words.styles, [['', words.any], ...styles.map((style) => [style, style.charAt(0).toUpperCase() + style.slice(1)])], form.style[0] ?? '', (value) => { form.style = value ? [value] : []; this.#changed(); }),
    ]);
  }

  #ownClips() {
    const words = WORDS.moves;
    const message = messageBox();
    const name = h('input', { type: 'text', maxLength: 60, value: this.form.name ?? '', oninput: () => { this.form.name = name.value; } });
    const input = h('input', { type: 'file', accept: 'video/*', multiple: true, id: 'dance-clips', onchange: () => this.#addClips([...input.files], message) });
    return h('div', {}, h('label.file', {}, h('span', {}, this.clips ?? words.adding), input), message.root, h('label', {}, h('span', {}, words.name), name));
  }

  async #addClips(files, message) {
    const cards = [];
    try {
      for (const file of files) {
        await looked(file, this.app.server.limits);
        message.tell(`${file.name}: ${WORDS.upload.looking}`, { good: true });
        cards.push(await send(file, 'clip'));
      }
    } catch (error) {
      message.tell(error.message);
      return;
    }
    this.form.clips = cards.map((card) => card.ref.replace('upload:', ''));
    this.clips = cards.map((card) => card.name).join(', ');
    this.#changed();
  }

  #music() {
    const words = WORDS.music;
    const { music } = this;
    this.sound.show(music && [music.ref, music.heard], () => {
      if (!music) {
        return h('label.file', {}, h('span', {}, words.add),
          h('input', { type: 'file', accept: 'audio/*,video/*', id: 'add-music', onchange: (event) => this.#addMusic(event.target.files[0]) }));
      }
      const sound = h('audio', { src: `/media/uploads/${music.ref.replace('upload:', '')}/clip`, controls: true, preload: 'none' });
      const wave = h('canvas.wave', { width: 600, height: 60, role: 'img', 'aria-label': words.picture });
      if (music.heard) drawWave(wave, music.heard);
      return [
        h('p', {}, h('strong', {}, music.name), ` · ${clock(music.seconds)} · ${music.heard ? words.heard(music.heard.tempo) : words.hearing}`),
        music.heard?.other_tempo > 0 && this.#tempo(music.heard.other_tempo),
        music.heard && wave,
        sound,
        music.seconds > 4 && partOf(music, this.soundMessage, { seek: (second) => { sound.currentTime = second; }, made: (part) => this.#useMusic(part, null, this.form.bpm) }),
        h('button', { id: 'remove-music', onclick: () => { this.music = null; this.form.bpm = null; this.form.seconds = 16; this.#music(); this.#changed(); document.getElementById('add-music').focus(); } }, words.remove),
      ];
    });
  }

  #tempo(other) {
    const bpm = Math.round(other);
    return h('div.row', {}, h('span', {}, WORDS.music.other(bpm)), h('button.small', { id: 'tempo', onclick: () => this.#useMusic({ ...this.music, heard: null }, this.form.seconds, bpm) }, WORDS.music.use(bpm)));
  }

  async #addMusic(file) {
    if (!file) return;
    this.soundMessage.clear();
    try {
      if (file.size > this.app.server.limits.bytes) throw new Error(WORDS.upload.tooLarge(file.name, this.app.server.limits.bytes));
      await this.#useMusic(await send(file, 'music'));
    } catch (error) {
      this.soundMessage.tell(error.message);
    }
  }

  async #useMusic(music, seconds = null, bpm = null) {
    try {
      this.music = music;
      this.form.seconds = seconds;
      this.form.loop = false;
      this.form.bpm = bpm;
      this.#music();
      this.#changed();
      const { job } = await ask('timeline/do/hear', { music: music.ref, bpm });
      const heard = (await finish(job)).result;
      if (this.music === music) {
        this.music = { ...music, heard };
        this.#music();
      }
    } catch (error) {
      if (this.music === music) this.music = { ...music, heard: { peaks: [], beats: [], tempo: 0, seconds: music.seconds } };
      this.#music();
      this.soundMessage.tell(error.message);
    }
  }

  #changed(composing = true) {
    const { form } = this;
    const lengths = [...(this.music ? [['music', WORDS.length.music]] : []), ...LENGTHS.map((s) => [String(s), WORDS.length.seconds(s)])];
    this.options.show([form.temperature, form.seconds, form.loop, Boolean(this.music)], () => [
      radios('energy', WORDS.energy.title, WORDS.energy.levels.map(([value, text]) => [String(value), text]), String(form.temperature), (value) => { form.temperature = Number(value); this.#changed(); }),
      radios('length', WORDS.length.title, lengths, form.seconds === null ? 'music' : String(form.seconds), (value) => { form.seconds = value === 'music' ? null : Number(value); this.#changed(); }),
      !this.music && h('label.check', {}, h('input', { type: 'checkbox', id: 'loop', checked: form.loop, onchange: (event) => { form.loop = event.target.checked; this.#changed(); } }), h('span', {}, WORDS.loop)),
    ]);
    if (this.known) this.#drawMoves();
    if (composing && this.shown) this.status.textContent = WORDS.show.changed;
    this.#estimated();
  }

  async #estimated() {
    const asked = this.#values();
    const { seconds } = await ask('api/make/estimate', { kind: 'dance', form: asked }).catch(() => ({}));
    if (JSON.stringify(asked) !== JSON.stringify(this.#values())) return;
    this.quality.show([seconds, this.form.minutes, asked.performer], () => qualities('dance-quality', this.form.minutes, seconds, asked.performer && this.performer.picked.name, (value) => { this.form.minutes = value; this.#estimated(); }));
  }

  #values() {
    return { ...this.form, music: this.music ? this.music.ref.replace('upload:', '') : '', performer: this.performer.picked?.ref ?? '' };
  }

  #ready() {
    const form = this.#values();
    if (form.dance === 'clips' && !form.clips.length) throw new Error(WORDS.moves.addFirst);
    return form;
  }

  async #show() {
    const form = this.#ready();
    if (this.known.find((each) => each.ref === form.dance)?.pictures) throw new Error(WORDS.show.pictures);
    const { job } = await ask('api/make/show', { form });
    this.stopped = false;
    this.status.textContent = WORDS.show.making;
    if (this.player.playing) this.player.toggle();
    this.stop.hidden = false;
    const ended = await finish(job, (part, { progress: { stage } }) => {
      this.status.textContent = part && stage ? `${stage.charAt(0).toUpperCase()}${stage.slice(1)} ${Math.round(100 * part)} %` : WORDS.show.making;
    }, () => this.stopped).catch((error) => {
      this.status.textContent = WORDS.show.empty;
      throw error;
    }).finally(() => { this.stop.hidden = true; });
    if (!ended) {
      this.status.textContent = WORDS.ended.cancelled(true);
      return;
    }
    this.shown = form;
    this.player.listen(this.music?.ref);
    this.player.show(ended.result);
    this.play.disabled = false;
    this.another.hidden = false;
    this.status.textContent = ended.warnings.filter((line) => !line.includes('bpm')).join(' ');
    this.player.seek(0);
    if (!this.player.playing) this.player.toggle();
    await this.app.refresh();
  }

  async #make() {
    this.app.askToNotify();
    const { job } = await ask('api/make/dance', { form: this.#ready(), key: crypto.randomUUID() });
    await this.app.refresh();
    this.follow(job);
  }

  #played() {
    this.play.textContent = this.player.playing ? WORDS.result.pause : WORDS.result.play;
    this.place.textContent = `${clock(this.player.time)} / ${clock(this.player.seconds)}`;
  }
}

/** Draw how loud a piece of music is, and its beats. */
function drawWave(canvas, { peaks, beats, seconds }) {
  const context = canvas.getContext('2d');
  const { width, height } = canvas;
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--quiet');
  peaks.forEach((peak, index) => context.fillRect((index * width) / peaks.length, (height * (1 - peak)) / 2, 1, Math.max(1, height * peak)));
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue('--accent');
  for (const beat of beats) context.fillRect((beat * width) / seconds, height - 10, 2, 10);
}

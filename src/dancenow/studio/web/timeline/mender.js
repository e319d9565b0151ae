// The dialog in which detected poses are mended: joints dragged, spans given back to the model.

import { FINE, HIDDEN, figure, unpacked } from '/timeline/player.js';
import { ask, finish } from '/timeline/studio.js';

const JOINTS = [ // BODY_25, in its order
  'nose', 'neck', 'right shoulder', 'right elbow', 'right wrist', 'left shoulder', 'left elbow', 'left wrist',
  'middle of the hips', 'right hip', 'right knee', 'right ankle', 'left hip', 'left knee', 'left ankle', 'right eye',
  'left eye', 'right ear', 'left ear', 'left big toe', 'left small toe', 'left heel', 'right big toe',
  'right small toe', 'right heel',
];
const NEAR = 16; // pixels of the screen within which a joint is grabbed

/** Open the dialog for an uploaded clip; returns whether its poses were changed. */
export function mendPoses(dialog, ref, dance) {
  return new Promise((done) => {
    const mender = new Mender(dialog, ref, dance);
    dialog.onclose = () => {
      mender.end();
      done(mender.changed);
    };
    dialog.showModal();
    mender.load(() => ask('do/poses', { clip: ref }));
  });
}

class Mender {
  constructor(dialog, ref, dance) {
    this.dialog = dialog;
    this.ref = ref;
    this.dance = dance;
    this.changed = false;
    [this.video, this.canvas, this.slider, this.clock, this.joint, this.status] = [
      'video', 'canvas', 'input[type=range]', 'output', 'select', '[role=status]'].map((each) => dialog.querySelector(each));
    this.video.src = `/media/uploads/${ref.replace('upload:', '')}/clip`;
    this.joint.replaceChildren(...JOINTS.map((name, number) => new Option(name, number)));
    this.joint.value = 4;
    this.listening = new AbortController();
    this.#listen();
    this.reset();
  }

  end() {
    this.listening.abort();
    this.video.removeAttribute('src');
    this.video.load();
  }

  reset() {
    this.edits = []; // frame, keypoint, x, y
    this.spans = []; // from, to, in seconds
    this.done = []; // what was done: 'edit', with the place before, or 'span'
    this.span = [undefined, undefined];
  }

  /** Show the poses that a job returns. */
  async load(start) {
    delete this.dialog.dataset.ready;
    try {
      const { job } = await start();
      const { result } = await finish(job, (words) => { this.status.textContent = words; });
      this.poses = result;
      this.places = unpacked(result.places);
      this.edited = new Set(result.edited);
      this.slider.max = result.frames - 1;
      this.canvas.width = 2 * this.video.clientWidth || 1200;
      this.canvas.height = 2 * this.video.clientHeight || 900;
      this.status.textContent = 'Drag a joint to where it belongs, or choose a span that the model fills.';
      this.reset();
      this.#show(Number(this.slider.value));
      this.dialog.dataset.ready = 'yes';
    } catch (error) {
      this.status.textContent = error.message;
    }
  }

  get frame() {
    return Number(this.slider.value);
  }

  /** How a pixel of the clip lies on the canvas: scale, left, top. */
  get fit() {
    const [width, height] = this.poses.size;
    const scale = Math.min(this.canvas.width / width, this.canvas.height / height);
    return [scale, (this.canvas.width - scale * width) / 2, (this.canvas.height - scale * height) / 2];
  }

  #show(frame) {
    if (!this.poses) return;
    this.slider.value = Math.max(0, Math.min(this.poses.frames - 1, frame));
    const seconds = this.frame / this.poses.fps;
    this.video.currentTime = (this.frame + 0.5) / this.poses.fps;
    const marks = this.edited.has(this.frame) || this.edits.some((edit) => edit[0] === this.frame) ? ', mended' : '';
    this.clock.textContent = `${seconds.toFixed(2)} s${marks}`;
    const words = this.span.map((each) => (each === undefined ? '…' : `${each.toFixed(2)} s`)).join(' to ');
    const waiting = this.spans.map(([from, to]) => `${from.toFixed(2)} to ${to.toFixed(2)} s`).join(', ');
    this.dialog.querySelector('.span').textContent = `${words}${waiting ? `; to be filled: ${waiting}` : ''}`;
    this.#draw();
  }

  #draw() {
    const context = this.canvas.getContext('2d');
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    const [scale, left, top] = this.fit;
    figure(context, this.places, this.frame, scale / FINE, left, top, 4);
    for (let joint = 0; joint < JOINTS.length; joint += 1) {
      const [x, y] = this.#at(joint);
      if (x === undefined) continue;
      context.beginPath();
      context.arc(x, y, joint === Number(this.joint.value) ? 11 : 6, 0, 2 * Math.PI);
      context.fillStyle = joint === Number(this.joint.value) ? '#facc15' : '#fff';
      context.fill();
      context.lineWidth = 2;
      context.strokeStyle = '#000';
      context.stroke();
    }
  }

  /** Where a joint lies on the canvas; nothing if it is hidden. */
  #at(joint) {
    const first = 50 * this.frame + 2 * joint;
    if (this.places[first] === HIDDEN) return [];
    const [scale, left, top] = this.fit;
    return [left + scale * this.places[first] / FINE, top + scale * this.places[first + 1] / FINE];
  }

  #put(joint, x, y) {
    const first = 50 * this.frame + 2 * joint;
    this.places[first] = Math.round(x * FINE);
    this.places[first + 1] = Math.round(y * FINE);
    this.#draw();
  }

  #edit(joint, before) {
    const first = 50 * this.frame + 2 * joint;
    this.edits.push([this.frame, joint, this.places[first] / FINE, this.places[first + 1] / FINE]);
    this.done.push(['edit', this.frame, joint, before]);
    this.#show(this.frame);
  }

  #before(joint) {
    const first = 50 * this.frame + 2 * joint;
    return [this.places[first], this.places[first + 1]];
  }

  #pixels(event) {
    const box = this.canvas.getBoundingClientRect();
    const [scale, left, top] = this.fit;
    const on = [(event.clientX - box.left) * this.canvas.width / box.width, (event.clientY - box.top) * this.canvas.height / box.height];
    return { on, of: [(on[0] - left) / scale, (on[1] - top) / scale], near: NEAR * this.canvas.width / box.width };
  }

  #grab(event) {
    if (!this.poses || event.button !== 0) return;
    const { on, near } = this.#pixels(event);
    const away = (joint) => {
      const [x, y] = this.#at(joint);
      return x === undefined ? Infinity : Math.hypot(x - on[0], y - on[1]);
    };
    const joint = JOINTS.map((_, number) => number).sort((a, b) => away(a) - away(b))[0];
    if (away(joint) > near) return;
    this.joint.value = joint;
    this.#draw();
    const before = this.#before(joint);
    const dragging = new AbortController();
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.addEventListener('pointermove', (moved) => this.#put(joint, ...this.#pixels(moved).of), { signal: dragging.signal });
    const stop = () => {
      dragging.abort();
      if (this.#before(joint).some((each, number) => each !== before[number])) this.#edit(joint, before);
    };
    this.canvas.addEventListener('pointerup', stop, { signal: dragging.signal });
    this.canvas.addEventListener('pointercancel', stop, { signal: dragging.signal });
  }

  #key(event) {
    if (!this.poses) return;
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') this.#undo();
    else if (event.key === ',' || event.key === '.') this.#show(this.frame + (event.key === '.' ? 1 : -1));
    else if (event.target === this.canvas && event.key.startsWith('Arrow')) {
      const joint = Number(this.joint.value);
      const before = this.#before(joint);
      const [width, height] = this.poses.size;
      const [x, y] = before[0] === HIDDEN ? [width / 2, height / 2] : before.map((each) => each / FINE);
      const step = event.shiftKey ? 10 : 1;
      const [right, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
      this.#put(joint, x + step * right, y + step * down);
      this.#edit(joint, before);
    } else return;
    event.preventDefault();
  }

  #undo() {
    const [what, frame, joint, before] = this.done.pop() ?? [];
    if (what === 'span') this.spans.pop();
    if (what === 'edit') {
      this.edits.pop();
      this.places[50 * frame + 2 * joint] = before[0];
      this.places[50 * frame + 2 * joint + 1] = before[1];
    }
    this.#show(frame ?? this.frame);
  }

  #fill() {
    const [from, to] = this.span;
    if (!this.dance) this.status.textContent = 'Nobody can fill it yet: choose who composes, and let it be learned.';
    else if (!(from < to)) this.status.textContent = 'Choose where the span begins and ends.';
    else {
      this.spans.push([from, to]);
      this.done.push(['span']);
      this.span = [undefined, undefined];
      this.status.textContent = `${this.dance.name} fills it when you keep this.`;
    }
  }

  async #keep() {
    if (!this.edits.length && !this.spans.length) return;
    this.changed = true;
    await this.load(() => ask('do/mend', { clip: this.ref, edits: this.edits, spans: this.spans, dance: this.dance?.ref ?? '' }));
  }

  async #forget() {
    this.changed = true;
    await this.load(async () => {
      await ask('do/unmend', { clip: this.ref });
      return ask('do/poses', { clip: this.ref });
    });
  }

  #listen() {
    const on = (target, name, act) => target.addEventListener(name, act, { signal: this.listening.signal });
    const acts = {
      undo: () => this.#undo(),
      forget: () => this.#forget(),
      keep: () => this.#keep(),
      close: () => this.dialog.close(),
      before: () => this.#show(this.frame - 1),
      after: () => this.#show(this.frame + 1),
      from: () => { this.span[0] = this.frame / this.poses.fps; },
      to: () => { this.span[1] = this.frame / this.poses.fps; },
      fill: () => this.#fill(),
    };
    for (const button of this.dialog.querySelectorAll('[data-mend]')) {
      on(button, 'click', async () => {
        if (!this.poses && button.dataset.mend !== 'close') return;
        await acts[button.dataset.mend]();
        this.#show(this.frame);
      });
    }
    on(this.slider, 'input', () => this.#show(this.frame));
    on(this.joint, 'change', () => this.#show(this.frame));
    on(this.canvas, 'pointerdown', (event) => this.#grab(event));
    on(this.dialog, 'keydown', (event) => this.#key(event));
  }
}

// Dancing live: the camera's pictures go to the studio, the performer's come back.

import { h, messageBox, pressing, radios } from '/studio/dom.js';
import { Picker } from '/studio/picker.js';
import { ask } from '/studio/server.js';
import { WORDS } from '/studio/words.js';

const WIDTH = 480; // pixels of the pictures that are sent
const QUALITY = 0.8;
const SEEN = 1500; // ms after which somebody counts as gone

export class LiveView {
  constructor(app) {
    this.app = app;
    this.behind = 'target';
    this.camera = null;
    const words = WORDS.live;
    this.message = messageBox();
    this.dancer = new Picker({ name: 'live', words: { title: words.dancer, hint: '' }, accept: '', onpick: () => {} });
    this.dancer.root.classList.add('no-adding');
    this.video = h('video', { autoplay: true, playsInline: true, hidden: true, 'aria-label': words.yours });
    this.video.muted = true;
    this.canvas = h('canvas', { width: 640, height: 360, role: 'img', 'aria-label': words.picture });
    this.status = h('p.hint', { role: 'status' }, words.hint);
    this.button = h('button.primary.big', { id: 'go-live' }, words.start);
    this.button.onclick = pressing(this.button, this.message, () => (this.camera ? this.close() : this.#start()));
    const backgrounds = radios('behind', words.behind, words.backgrounds, this.behind, (value) => { this.behind = value; });
    this.root = h('div.make.live', {},
      h('div.pick', {}, this.dancer.root),
      h('div.pick', {}, h('div.options', {}, backgrounds)),
      h('section.stage', { 'aria-label': words.title }, h('div.scene', {}, this.canvas, this.video), this.status, this.message.root, h('div.go', {}, this.button)));
  }

  update(server) {
    this.dancer.show((server.dancers ?? []).filter((card) => card.ready && !card.ref.startsWith('upload:')), server.limits);
    if (!this.dancer.picked && this.dancer.cards.length) this.dancer.pick(this.dancer.cards[0], { quietly: true });
  }

  /** The camera is left with the page. */
  close() {
    if (!this.camera) return;
    for (const track of this.camera.getTracks()) track.stop();
    this.camera = null;
    this.video.hidden = true;
    this.video.srcObject = null;
    this.button.textContent = WORDS.live.start;
    this.button.classList.add('primary');
    this.status.textContent = WORDS.live.hint;
    ask('api/live/leave', {}).catch(() => {});
  }

  async #start() {
    const words = WORDS.live;
    this.camera = await navigator.mediaDevices?.getUserMedia({ video: { width: { ideal: 640 } } }).catch(() => null);
    if (!this.camera) throw new Error(words.refused);
    this.video.srcObject = this.camera;
    this.video.hidden = false;
    await this.video.play();
    this.button.textContent = words.stop;
    this.button.classList.remove('primary');
    this.status.textContent = words.waiting;
    this.#run(this.camera).catch((error) => {
      this.close();
      this.message.tell(error.message);
    });
  }

  /** One picture up, one down, as long as this camera runs. */
  async #run(camera) {
    const small = document.createElement('canvas');
    const times = [];
    let shown = 0;
    while (this.camera === camera) {
      small.width = Math.min(WIDTH, this.video.videoWidth || WIDTH);
      small.height = Math.round(small.width * (this.video.videoHeight || 270) / (this.video.videoWidth || 480));
      small.getContext('2d').drawImage(this.video, 0, 0, small.width, small.height);
      const jpeg = await new Promise((done) => { small.toBlob(done, 'image/jpeg', QUALITY); });
      const began = performance.now();
      const query = new URLSearchParams({ person: this.dancer.picked?.ref ?? '', behind: this.behind });
      const answer = await fetch(`/api/live/frame?${query}`, { method: 'POST', body: jpeg }).catch(() => { throw new Error(WORDS.noAnswer); });
      if (this.camera !== camera) return;
      const now = performance.now();
      if (answer.status === 200) {
        this.#show(await createImageBitmap(await answer.blob()));
        shown = now;
        times.push([now, now - began]);
        while (times[0][0] < now - 3000) times.shift();
        const late = times.map(([, ms]) => ms).sort((a, b) => a - b)[times.length >> 1];
        this.status.textContent = WORDS.live.rate(times.length / Math.max(0.5, (now - times[0][0]) / 1000), Math.round(late));
      } else if (answer.status !== 204) {
        throw new Error((await answer.json().catch(() => ({}))).error ?? WORDS.noAnswer);
      } else if (shown && now - shown > SEEN) {
        this.status.textContent = WORDS.live.nobody;
      }
    }
  }

  #show(picture) {
    if (this.canvas.width !== picture.width || this.canvas.height !== picture.height) {
      this.canvas.width = picture.width;
      this.canvas.height = picture.height;
    }
    this.canvas.getContext('2d').drawImage(picture, 0, 0);
    picture.close();
  }
}

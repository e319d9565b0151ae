// Plays a dance as stick figures, to its music, and draws strips of it.

const PARTS = [ // pairs of BODY_25 keypoints, and the hue that they are drawn in
  [1, 8, 0], [1, 2, 20], [2, 3, 35], [3, 4, 50], [1, 5, 70], [5, 6, 85], [6, 7, 100], [8, 9, 130],
  [9, 10, 145], [10, 11, 160], [8, 12, 190], [12, 13, 205], [13, 14, 220], [1, 0, 250], [0, 15, 280],
  [0, 16, 280], [15, 17, 300], [16, 18, 300], [14, 19, 320], [14, 21, 320], [11, 22, 340], [11, 24, 340],
];
export const HIDDEN = -32768;
export const FINE = 4; // the places are in parts of a pixel
const EVERY = 34; // pixels from figure to figure in a strip

export class Player {
  constructor(canvas, onMove) {
    this.canvas = canvas;
    this.onMove = onMove;
    this.dance = null;
    this.at = 0;
    this.playing = false;
    this.sound = new Audio();
    this.sound.preload = 'auto';
  }

  get seconds() {
    return this.dance?.seconds ?? 0;
  }

  get time() {
    return this.at;
  }

  show(dance) {
    this.dance = dance;
    if (dance) {
      this.places = new Map(dance.dancers.map(({ name, places }) => [name, unpacked(places)]));
      this.box = new Map([...this.places].map(([name, all]) => [name, boxOf(all)]));
      const [width, height] = dance.size;
      this.canvas.width = Math.round(480 * this.places.size * width / height);
      this.canvas.height = 480;
    }
    this.seek(Math.min(this.at, this.seconds));
  }

  listen(ref) {
    const id = ref?.replace('upload:', '');
    this.sound.pause();
    this.sound.src = id ? `/media/uploads/${id}/clip` : '';
  }

  toggle() {
    if (this.playing) this.#pause();
    else if (this.dance) {
      if (this.at >= this.seconds - 0.05) this.at = 0;
      this.playing = true;
      this.began = performance.now() / 1000 - this.at;
      if (this.sound.getAttribute('src')) {
        this.sound.currentTime = this.at;
        this.sound.play().catch(() => {});
      }
      requestAnimationFrame(() => this.#step());
    }
    this.onMove();
  }

  seek(seconds) {
    this.at = Math.max(0, seconds);
    if (this.playing) {
      this.began = performance.now() / 1000 - this.at;
      if (this.sound.getAttribute('src')) this.sound.currentTime = this.at;
    }
    this.#draw();
    this.onMove();
  }

  #pause() {
    this.playing = false;
    this.sound.pause();
  }

  #step() {
    if (!this.playing) return;
    const heard = !this.sound.paused && this.sound.currentTime > 0;
    this.at = heard ? this.sound.currentTime : performance.now() / 1000 - this.began;
    if (this.at >= this.seconds) {
      this.at = this.seconds;
      this.#pause();
    }
    this.#draw();
    this.onMove();
    if (this.playing) requestAnimationFrame(() => this.#step());
  }

  #draw() {
    const context = this.canvas.getContext('2d');
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.dance) return;
    const frame = Math.min(this.dance.frames - 1, Math.max(0, Math.round(this.at * this.dance.fps)));
    const scale = this.canvas.height / this.dance.size[1];
    const width = scale * this.dance.size[0];
    [...this.places.values()].forEach((places, number) => {
      figure(context, places, frame, scale / FINE, number * width, 0, 5);
    });
  }

  /** Draw figures of a dancer along a canvas that begins at some second. */
  strip(canvas, dancer, begins, zoom) {
    const context = canvas.getContext('2d');
    const places = this.places?.get(dancer);
    if (!places || !this.dance) return;
    const [left, top, right, bottom] = this.box.get(dancer);
    const scale = Math.min(canvas.height / (bottom - top + 1), 1.6 * EVERY / (right - left + 1));
    for (let x = EVERY / 2; x < canvas.width; x += EVERY) {
      const frame = Math.round((begins + x / zoom) * this.dance.fps);
      if (frame < this.dance.frames) {
        figure(context, places, frame, scale, x - scale * (left + right) / 2, canvas.height - scale * bottom, 2);
      }
    }
  }
}

/** The places of BODY_25 keypoints in all frames: x and y of each, in parts of a pixel. */
export function unpacked(text) {
  return new Int16Array(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer);
}

/** The box of all places that are seen: left, top, right, bottom. */
function boxOf(places) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let index = 0; index < places.length; index += 2) {
    if (places[index] === HIDDEN) continue;
    box[0] = Math.min(box[0], places[index]);
    box[1] = Math.min(box[1], places[index + 1]);
    box[2] = Math.max(box[2], places[index]);
    box[3] = Math.max(box[3], places[index + 1]);
  }
  return box;
}

export function figure(context, places, frame, scale, left, top, width) {
  const first = frame * 50;
  context.lineWidth = width;
  context.lineCap = 'round';
  for (const [a, b, hue] of PARTS) {
    const [ax, ay, bx, by] = [places[first + 2 * a], places[first + 2 * a + 1], places[first + 2 * b], places[first + 2 * b + 1]];
    if (ax === HIDDEN || bx === HIDDEN) continue;
    context.strokeStyle = `hsl(${hue} 85% 55%)`;
    context.beginPath();
    context.moveTo(left + scale * ax, top + scale * ay);
    context.lineTo(left + scale * bx, top + scale * by);
    context.stroke();
  }
}

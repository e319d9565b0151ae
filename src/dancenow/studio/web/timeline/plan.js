// The plan as the page holds it: its segments, undo, and the beats that it counts in.

const FASTEST = 10;

export const KINDS = ['clip', 'pose', 'compose', 'gap'];
export const kindOf = (segment) => KINDS.find((kind) => segment[kind] !== undefined);

/** Converts the plan's unit into seconds; beats go on before the first and after the last. */
export class Clock {
  constructor(beats) {
    this.beats = beats;
    this.step = beats.length > 1 ? (beats.at(-1) - beats[0]) / (beats.length - 1) : 0.5;
  }

  get counts() {
    return this.beats.length > 1;
  }

  seconds(at) {
    if (!this.counts) return at;
    const last = this.beats.length - 1;
    if (at <= 0) return this.beats[0] + at * this.step;
    if (at >= last) return this.beats[last] + (at - last) * this.step;
    const low = Math.floor(at);
    return this.beats[low] + (at - low) * (this.beats[low + 1] - this.beats[low]);
  }

  units(seconds) {
    if (!this.counts) return seconds;
    const last = this.beats.length - 1;
    if (seconds <= this.beats[0]) return (seconds - this.beats[0]) / this.step;
    if (seconds >= this.beats[last]) return last + (seconds - this.beats[last]) / this.step;
    let low = 0;
    while (this.beats[low + 1] <= seconds) low += 1;
    return low + (seconds - this.beats[low]) / (this.beats[low + 1] - this.beats[low]);
  }

  /** Seconds before which nothing can begin, in units. */
  get first() {
    return this.counts ? Math.ceil(this.units(0) - 1e-6) : 0;
  }

  snap(units) {
    const grid = this.counts ? 1 : 4;
    return Math.max(this.first, Math.round(units * grid) / grid);
  }
}

export class Plan {
  constructor(onChange) {
    this.document = { unit: 'seconds', segment: [], pin: [] };
    this.clock = new Clock([]);
    this.done = [];
    this.undone = [];
    this.onChange = onChange;
  }

  get segments() {
    return this.document.segment;
  }

  get pins() {
    return this.document.pin;
  }

  load(document) {
    this.document = { unit: 'seconds', ...document, segment: document.segment ?? [], pin: document.pin ?? [] };
  }

  /** Change the plan; `merge` names changes that are undone as one, such as typing. */
  change(edit, merge = '') {
    const before = JSON.stringify(this.document);
    edit(this.document);
    if (JSON.stringify(this.document) === before) return;
    if (!merge || merge !== this.merging) this.done.push(before);
    this.merging = merge;
    this.undone = [];
    this.onChange();
  }

  undo() {
    this.#swap(this.done, this.undone);
  }

  redo() {
    this.#swap(this.undone, this.done);
  }

  #swap(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(this.document));
    this.document = JSON.parse(from.pop());
    this.merging = '';
    this.onChange();
  }

  /** Count in beats where there are any; everything stays where it is in time. */
  count(clock) {
    const old = this.clock;
    const unit = clock.counts ? 'beats' : 'seconds';
    this.clock = clock;
    if (unit === this.document.unit) return;
    const moved = (units) => clock.units(old.seconds(units));
    const lasting = (from, length) => clock.units(old.seconds(from + length)) - moved(from);
    for (const dancer of this.dancers) {
      let end = clock.first;
      for (const part of this.lane(dancer)) {
        const repeat = part.repeat ?? 1;
        const ends = moved(part.at + part.length * repeat);
        if (part.fade !== undefined) part.fade = round(Math.max(0, lasting(part.at, part.fade)));
        part.at = Math.max(end, round(moved(part.at)));
        part.length = Math.max(0.1, Math.floor(1000 * (ends - part.at) / repeat) / 1000);
        end = part.at + part.length * repeat;
      }
    }
    for (const pin of this.pins) pin.at = round(Math.max(clock.first, moved(pin.at)));
    if (this.document.fade !== undefined) this.document.fade = round(Math.max(0, lasting(0, this.document.fade)));
    this.document.unit = unit;
  }

  end(segment) {
    return segment.at + segment.length * (segment.repeat ?? 1);
  }

  lane(dancer) {
    return this.segments.filter((each) => (each.dancer ?? '') === dancer).sort((a, b) => a.at - b.at);
  }

  get dancers() {
    const names = [...new Set(this.segments.map((each) => each.dancer ?? ''))];
    return names.length ? names : [''];
  }

  /** Whether a segment would lie on no other one of its dancer. */
  fits(segment, at, whole) {
    if (at < this.clock.first - 1e-6) return false;
    return this.lane(segment.dancer ?? '').every(
      (other) => other === segment || at + whole <= other.at + 1e-6 || this.end(other) <= at + 1e-6);
  }

  /** The place nearest to `at` at which a segment fits. */
  place(segment, at) {
    const whole = segment.length * (segment.repeat ?? 1);
    const others = this.lane(segment.dancer ?? '').filter((other) => other !== segment);
    const places = [at, this.clock.first, ...others.flatMap((o) => [this.end(o), o.at - whole])];
    return round(places.filter((each) => this.fits(segment, each, whole))
      .sort((a, b) => Math.abs(a - at) - Math.abs(b - at))[0] ?? this.finish(segment.dancer ?? ''));
  }

  finish(dancer) {
    return Math.max(this.clock.first, ...this.lane(dancer).map((each) => this.end(each)));
  }

  /** The longest that one repetition of a segment can be where it lies. */
  room(segment) {
    const next = this.lane(segment.dancer ?? '').find((other) => other !== segment && other.at >= segment.at);
    return next ? (next.at - segment.at) / (segment.repeat ?? 1) : Infinity;
  }

  /** Cut a segment in two at a moment in units; returns the second, or undefined. */
  split(segment, at) {
    const part = (at - segment.at) / segment.length;
    const repeat = segment.repeat ?? 1;
    if (!(part > 0.02 && part < repeat - 0.02)) return undefined;
    const second = { ...segment };
    if (repeat > 1) {
      const kept = Math.min(repeat - 1, Math.max(1, Math.round(part)));
      segment.repeat = kept;
      second.repeat = repeat - kept;
      second.at = round(segment.at + kept * segment.length);
    } else {
      const length = segment.length;
      segment.length = round(at - segment.at);
      second.length = round(length - segment.length);
      second.at = round(at);
      if (kindOf(segment) === 'clip') {
        const moment = round(segment.from + part * (segment.to - segment.from));
        segment.to = second.from = moment;
        segment.fade = 0; // it goes on as if it were whole
      }
      if (kindOf(segment) === 'compose') second.seed = (segment.seed ?? 0) + 1;
    }
    this.segments.push(second);
    return second;
  }

  /** Keep a passage's pace within what is possible. */
  possible(segment) {
    if (kindOf(segment) !== 'clip') return true;
    const seconds = this.clock.seconds(segment.at + segment.length) - this.clock.seconds(segment.at);
    const pace = (segment.to - segment.from) / seconds;
    return pace <= FASTEST && pace >= 1 / FASTEST;
  }
}

export const round = (number) => Math.round(number * 1000) / 1000;

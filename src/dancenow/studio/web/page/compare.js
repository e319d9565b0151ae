// A player: a result alone, beside what it was made from, over it with a divider, or with its poses.

import { h, radios } from '/studio/dom.js';
import { WORDS, clock } from '/studio/words.js';

const APART = 0.06; // seconds by which two clips may differ
const SPEEDS = [[1, '1×'], [0.5, '½×'], [0.25, '¼×']];

/**
 * A player of a result, and in step with it of what it was made from, where that is known.
 * names: what the two are called beside each other; only: the views that it has; starts: it plays.
 */
export function compared({ result, source, poses, fps = 25, title, names = [], only = null, starts = false }) {
  const words = WORDS.result;
  const clip = (url, label, preload = 'auto') => h('video', { src: url, loop: true, playsInline: true, preload, 'aria-label': label });
  const main = clip(result, title);
  const other = source && clip(source, names[1] ?? WORDS.dance.title);
  const drawn = poses && clip(poses, `${words.views.poses}: ${title}`, 'none');
  if (other) other.muted = true;
  const views = only ?? ['result', ...(other ? ['pair', 'slider'] : []), ...(poses ? ['poses'] : [])];
  let [view] = views;
  const shown = () => (view === 'poses' ? drawn : main);

  const tag = (text) => text && h('span.tag', {}, text);
  const screen = h('div.screen', {}, h('div.main', {}, main, tag(names[0])), other && h('div.over', {}, other, tag(names[1])), drawn && h('div.drawn', {}, drawn));
  const place = h('input', { type: 'range', min: 0, max: 1, step: 0.001, value: 0, 'aria-label': words.place, oninput: () => seek(place.value * shown().duration) });
  const divide = h('input.divide', { type: 'range', min: 0, max: 100, value: 50, 'aria-label': words.divide, oninput: () => screen.style.setProperty('--divide', `${divide.value}%`) });
  const button = h('button.primary', { onclick: toggle }, words.play);
  const time = h('output.time');
  const pressed = (text, act) => {
    const made = h('button', { 'aria-pressed': 'false', onclick: () => made.setAttribute('aria-pressed', String(act())) }, text);
    return made;
  };
  const mute = pressed(words.mute, () => { shown().muted = !shown().muted; return shown().muted; });
  const speed = h('select', { 'aria-label': words.speed, onchange: told }, SPEEDS.map(([value, text]) => h('option', { value }, text)));
  const mirror = pressed(words.mirror, () => screen.classList.toggle('mirrored'));
  const full = screen.requestFullscreen && h('button', { onclick: () => screen.requestFullscreen() }, words.full);
  const controls = [h('div.row', {}, button, step(-1), step(1), place, time), h('div.row', {}, speed, mirror, mute, full)];

  function step(by) {
    const text = by < 0 ? words.back : words.on;
    return h('button', { 'aria-label': text, title: text, onclick: () => { shown().pause(); seek(shown().currentTime + by / fps); } }, by < 0 ? '◀|' : '|▶');
  }
  function seek(seconds) {
    const end = shown().duration || 0;
    shown().currentTime = Math.min(Math.max(0, seconds), Math.max(0, end - 0.001));
    follow();
  }
  function follow() {
    const { currentTime, duration } = shown();
    if (other?.readyState && view !== 'poses' && Math.abs(other.currentTime - currentTime) > APART) other.currentTime = Math.min(currentTime, other.duration || 0);
    if (!duration) return;
    place.value = currentTime / duration;
    time.textContent = `${clock(currentTime)} / ${clock(duration)}`;
  }
  function toggle() {
    if (shown().paused) shown().play().catch(() => {});
    else shown().pause();
  }
  function told() {
    button.textContent = shown().paused ? words.play : words.pause;
    for (const each of [main, other, drawn]) if (each) each.playbackRate = Number(speed.value);
    if (other && !main.paused) other.play().catch(() => {});
    else other?.pause();
  }
  /** The screen is as wide and high as what it shows. */
  function fit() {
    const ratio = (each) => (each?.videoWidth ? each.videoWidth / each.videoHeight : 1);
    screen.style.setProperty('--ratio', view === 'pair' ? ratio(main) + ratio(other) : ratio(shown()));
    if (other) screen.style.setProperty('--columns', `${ratio(other)}fr ${ratio(main)}fr`);
  }
  function change(next) {
    const { currentTime, paused, muted } = shown();
    shown().pause();
    view = next;
    for (const each of views) screen.classList.toggle(each, each === view);
    divide.hidden = view !== 'slider';
    if (view === 'poses') drawn.preload = 'auto';
    shown().muted = muted;
    seek(currentTime);
    if (!paused) shown().play().catch(() => {});
    fit();
    told();
  }
  /** The divider follows the pointer. */
  function drag(event) {
    if (view !== 'slider' || !(event.buttons & 1)) return;
    const { left, width } = screen.getBoundingClientRect();
    divide.value = (100 * (event.clientX - left)) / width;
    screen.style.setProperty('--divide', `${divide.value}%`);
  }

  for (const each of [main, drawn]) {
    if (!each) continue;
    for (const kind of ['play', 'pause']) each.addEventListener(kind, told);
    for (const kind of ['timeupdate', 'seeked', 'loadedmetadata']) each.addEventListener(kind, follow);
  }
  for (const each of [main, other, drawn]) each?.addEventListener('loadedmetadata', () => { fit(); told(); });
  drawn?.addEventListener('loadedmetadata', () => { drawn.currentTime = main.currentTime; });
  screen.addEventListener('click', () => view !== 'slider' && toggle());
  screen.addEventListener('pointerdown', (event) => { drag(event); if (view === 'slider') screen.setPointerCapture(event.pointerId); });
  screen.addEventListener('pointermove', drag);
  change(view);
  if (starts) {
    main.muted = true;
    mute.setAttribute('aria-pressed', 'true');
    main.play().catch(() => {});
  }
  const choose = views.length > 1 && radios(`view-${Math.random().toString(36).slice(2)}`, words.view, views.map((each) => [each, words.views[each]]), view, change, { className: '.views' });
  return h('div.player', {}, choose, screen, divide, controls);
}

// Two clips in step: alone, side by side, or one over the other with a divider.

import { h, radios } from '/studio/dom.js';
import { WORDS } from '/studio/words.js';

const APART = 0.06; // seconds by which the clips may differ

/** A player of a result, and of what it was made from where that is known. */
export function compared({ result, source, poses, fps = 25, title, names = [] }) {
  const words = WORDS.result;
  const main = clip(result, `${title}`);
  const other = source && clip(source, names[1] ?? WORDS.dance.title);
  if (other) other.muted = true;
  const views = other ? ['result', 'pair', 'slider'] : ['result'];
  if (poses) views.push('poses');
  const screen = h('div.screen.result', {}, main, other && h('div.over', {}, other));
  const beside = poses && h('video.alone', { src: poses, loop: true, playsInline: true, controls: true, preload: 'none', 'aria-label': `${words.views.poses}: ${title}`, hidden: true });
  const place = h('input', { type: 'range', min: 0, max: 1, step: 0.001, value: 0, 'aria-label': words.place, oninput: () => seek(place.value * main.duration) });
  const divide = h('input.divide', { type: 'range', min: 0, max: 100, value: 50, 'aria-label': words.divide, hidden: true, oninput: () => screen.style.setProperty('--divide', `${divide.value}%`) });
  const button = h('button.primary', { onclick: toggle }, words.play);
  const mute = h('button', { onclick: () => { main.muted = !main.muted; told(); }, 'aria-pressed': 'false' }, words.mute);
  const controls = h('div.row', {}, button, step(-1), step(1), place, mute, h('button', { onclick: () => (screen.requestFullscreen ?? (() => {})).call(screen) }, words.full));

  function clip(url, label) {
    const video = h('video', { src: url, loop: true, playsInline: true, preload: 'auto', 'aria-label': label });
    return video;
  }
  function step(by) {
    return h('button', { 'aria-label': by < 0 ? words.back : words.on, title: by < 0 ? words.back : words.on, onclick: () => { main.pause(); seek(main.currentTime + by / fps); } }, by < 0 ? '◀|' : '|▶');
  }
  function seek(seconds) {
    const end = main.duration || 0;
    main.currentTime = Math.min(Math.max(0, seconds), Math.max(0, end - 0.001));
    follow();
  }
  function follow() {
    if (other?.readyState && Math.abs(other.currentTime - main.currentTime) > APART) other.currentTime = Math.min(main.currentTime, other.duration || 0);
    if (main.duration) place.value = main.currentTime / main.duration;
  }
  function toggle() {
    if (main.paused) main.play().catch(() => {});
    else main.pause();
  }
  function told() {
    button.textContent = main.paused ? words.play : words.pause;
    mute.setAttribute('aria-pressed', String(main.muted));
    if (other && !main.paused) other.play().catch(() => {});
    else other?.pause();
  }
  for (const kind of ['play', 'pause']) main.addEventListener(kind, told);
  for (const kind of ['timeupdate', 'seeked', 'loadedmetadata']) main.addEventListener(kind, follow);
  screen.addEventListener('click', toggle);

  const choose = views.length > 1 && radios(`view-${Math.random().toString(36).slice(2)}`, words.view, views.map((view) => [view, words.views[view]]), 'result', (view) => {
    screen.className = `screen ${view}`;
    screen.hidden = controls.hidden = view === 'poses';
    divide.hidden = view !== 'slider';
    if (beside) {
      beside.hidden = view !== 'poses';
      if (view === 'poses') { main.pause(); beside.play().catch(() => {}); } else beside.pause();
    }
  }, { className: '.views' });
  return h('div.player', {}, choose, screen, beside, divide, controls);
}

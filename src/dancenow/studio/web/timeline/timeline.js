// The time line: draws the plan, and lets it be changed by pointer and keyboard.

import { Clock, Plan, kindOf, round } from '/timeline/plan.js';
import { Player } from '/timeline/player.js';
import { commit, element, inspect } from '/timeline/inspector.js';
import { mendPoses } from '/timeline/mender.js';
import { ask, finish } from '/timeline/studio.js';
import { navigation } from '/studio/nav.js';

const $ = (id) => document.getElementById(id);
const TITLES = { compose: 'new moves', pose: 'held', gap: 'filled' };
const plan = new Plan(changed);
const player = new Player($('stage'), moved);
let choices = { material: [], music: [], dances: [], people: [] };
let chosen = -1; // the chosen segment, or pin from 0 on if `pinned`
let pinned = false;
let heard = null; // what was heard in the music
let fault = { segment: -1, pin: -1 };
let dragging = false;

// The dance is made anew.

let wanted = 0;
let arranging = false;

/** Make the plan's motion anew, once changes pause. */
async function arrange() {
  wanted += 1;
  if (arranging) return;
  arranging = true;
  while (true) {
    const asked = wanted;
    await new Promise((wake) => setTimeout(wake, 250));
    if (asked !== wanted) continue;
    show(await arranged(() => asked !== wanted), asked);
    if (asked === wanted) break;
  }
  arranging = false;
}

async function arranged(over) {
  if (!plan.segments.length) return { empty: true };
  try {
    $('status').textContent = 'arranging …';
    const { job } = await ask('do/arrange', { plan: plan.document });
    const ended = await finish(job, (words) => { $('status').textContent = words; }, over);
    return ended && { result: ended.result, warnings: ended.warnings };
  } catch (error) {
    return { error: error.message };
  }
}

function show(made, asked) {
  if (!made || asked !== wanted) return;
  $('status').textContent = made.warnings?.join(' ') ?? '';
  fault = { segment: -1, pin: -1 };
  tell(made.error);
  if (made.empty) player.show(null);
  if (made.result) {
    player.show(made.result);
    $('status').textContent ||= `${made.result.seconds.toFixed(1)} s, ready`;
  }
  draw();
}

/** Shorten what goes on when the music is over, and leave out what begins then. */
function endWithMusic() {
  if (!heard) return;
  const end = plan.clock.units(heard.seconds) - 0.01;
  plan.change((document) => {
    document.segment = plan.segments.filter((each) => each.at < end - grid());
    for (const each of document.segment) {
      const whole = Math.min(each.length * (each.repeat ?? 1), end - each.at);
      each.repeat = each.repeat && Math.max(1, Math.floor(whole / each.length + 1e-6));
      const length = Math.min(each.length, round(whole / (each.repeat ?? 1)));
      // A passage ends earlier, at the same pace.
      if (each.to !== undefined) each.to = round(each.from + ((each.to - each.from) * length) / each.length);
      each.length = length;
    }
    document.pin = plan.pins.filter((each) => each.at < end);
  });
  chosen = -1;
}

function tell(error = '') {
  const found = /(segment|pin) (\d+)/.exec(error);
  if (found) fault[found[1]] = Number(found[2]) - 1;
  $('fault').textContent = error.replace(/^dance\.toml(, |: )?/, '').replace(/^segment/, 'part');
  $('fault').hidden = !error;
  $('cut').hidden = !/the music ends/.test(error);
}

let keeping = false;
let newer = false;

/** Keep the plan for the next time; one after the other, so that the newest stays. */
async function keep() {
  document.body.dataset.kept = 'no';
  newer = true;
  if (keeping) return;
  keeping = true;
  while (newer) {
    newer = false;
    await ask('do/keep', { plan: plan.document }).catch((error) => tell(error.message));
  }
  keeping = false;
  document.body.dataset.kept = 'yes';
}

function changed() {
  keep();
  arrange();
  draw();
}

// What is drawn.

const zoom = () => Number($('zoom').value); // pixels a second
const x = (units) => plan.clock.seconds(units) * zoom();
const named = (ref) => choices.material.find((each) => each.ref === ref)?.name ?? 'a clip that is gone';

function title(segment) {
  const kind = kindOf(segment);
  const marks = `${segment.mirror ? ' ⇋' : ''}${(segment.repeat ?? 1) > 1 ? ` ×${segment.repeat}` : ''}`;
  if (kind === 'clip') return `${named(segment.clip)} ${segment.from}–${segment.to} s${marks}`;
  if (kind === 'pose') return `held: ${named(segment.pose)} at ${segment.from} s${marks}`;
  const more = [segment.style, kind === 'compose' ? `version ${(segment.seed ?? 0) + 1}` : ''].filter(Boolean).join(', ');
  return `${TITLES[kind]}${more ? `: ${more}` : ''}${marks}`;
}

function draw() {
  if (dragging) return; // it is drawn when the segment is let go
  const seconds = Math.max(player.seconds, heard?.seconds ?? 0, plan.clock.seconds(Math.max(0, ...plan.dancers.map((d) => plan.finish(d)))));
  const width = Math.max($('scroll').clientWidth - 2, (seconds + 4) * zoom());
  $('line').style.width = `${width}px`;
  drawWave();
  const focused = document.activeElement?.dataset?.key;
  $('pins').replaceChildren(...plan.pins.map(pinButton));
  $('lanes').replaceChildren(...plan.dancers.map(lane));
  if (focused) document.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  const part = current();
  for (const button of document.querySelectorAll('[data-do]')) button.disabled = !part;
  $('undo').disabled = !plan.done.length;
  $('redo').disabled = !plan.undone.length;
  $('hint').hidden = Boolean(part);
  inspect($('inspector'), part, pinned, { plan, choices });
  drawPeople();
  drawPlayhead();
}

/** Draw what is seen of the music and its beats. */
function drawWave() {
  const canvas = $('wave');
  const left = $('scroll').scrollLeft;
  const width = $('scroll').clientWidth;
  canvas.width = width;
  const context = canvas.getContext('2d');
  const style = getComputedStyle(document.body);
  context.fillStyle = style.getPropertyValue('--quiet');
  if (heard) {
    const step = heard.seconds / heard.peaks.length * zoom();
    heard.peaks.forEach((peak, index) => context.fillRect(index * step - left, 30 - 22 * peak, Math.max(1, step), 44 * peak));
  }
  context.fillStyle = style.getPropertyValue('--ink');
  context.font = '11px system-ui';
  const every = plan.clock.counts ? 4 : 1;
  for (let count = Math.max(0, Math.floor(plan.clock.units(left / zoom()))); x(count) < left + width; count += 1) {
    const large = count % every === 0;
    context.fillRect(x(count) - left, large ? 0 : 8, 1, large ? 56 : 40);
    if (large && (zoom() > 25 || count % (4 * every) === 0)) context.fillText(String(count), x(count) - left + 3, 11);
  }
}

function lane(dancer) {
  const row = element('div', { className: 'lane', role: 'group', ariaLabel: dancer ? `Dancer ${dancer}` : 'Dancer' });
  row.append(element('span', { textContent: dancer || (plan.dancers.length > 1 ? 'first dancer' : '') }));
  const segments = plan.lane(dancer);
  let end = plan.clock.first;
  for (const segment of segments) {
    if (segment.at - end > 0.05) row.append(between(end, segment.at, segment === segments[0]));
    end = plan.end(segment);
    row.append(segmentButton(segment));
  }
  return row;
}

function between(from, to, first) {
  const nobody = first ? 'waits' : 'empty: choose where new moves come from';
  const text = plan.document.choreographer ? 'filled' : nobody;
  const room = element('div', { className: 'filled', textContent: text });
  room.style.left = `${x(from)}px`;
  room.style.width = `${x(to) - x(from)}px`;
  return room;
}

function segmentButton(segment) {
  const number = plan.segments.indexOf(segment);
  const left = x(segment.at);
  const width = Math.max(12, x(plan.end(segment)) - left);
  const unit = plan.clock.counts ? 'beat' : 'second';
  const strip = element('canvas', { width: Math.min(16000, Math.ceil(width)), height: 62 });
  const button = element('button', {
    type: 'button',
    className: `segment ${kindOf(segment)}${fault.segment === number ? ' wrong' : ''}`,
    ariaPressed: String(!pinned && chosen === number),
    ariaLabel: `${title(segment)}, from ${unit} ${segment.at}, ${segment.length} long`,
    title: title(segment),
  }, strip, element('span', { className: 'name', textContent: title(segment) }), element('span', { className: 'edge' }));
  button.dataset.key = `segment-${number}`;
  button.style.left = `${left}px`;
  button.style.width = `${width}px`;
  player.strip(strip, segment.dancer ?? '', plan.clock.seconds(segment.at), zoom());
  button.addEventListener('pointerdown', (event) => grab(event, number));
  button.addEventListener('focus', () => choose(number, false));
  button.addEventListener('keydown', (event) => segmentKey(event, segment));
  return button;
}

function pinButton(pin, number) {
  const button = element('button', {
    type: 'button', className: `pin${fault.pin === number ? ' wrong' : ''}`, textContent: '▼',
    ariaPressed: String(pinned && chosen === number), ariaLabel: `Pose of ${named(pin.pose)} pinned at ${pin.at}`,
  });
  button.dataset.key = `pin-${number}`;
  button.style.left = `${x(pin.at)}px`;
  button.addEventListener('focus', () => choose(number, true));
  button.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) act(event, () => { pin.at = plan.clock.snap(pin.at + step * grid()); });
    if (event.key === 'Delete') act(event, commands.remove);
  });
  return button;
}

// What is changed.

const current = () => (pinned ? plan.pins : plan.segments)[chosen];
const grid = () => (plan.clock.counts ? 1 : 0.25);

function choose(number, isPin) {
  if (chosen === number && pinned === isPin) return;
  commit($('inspector'));
  chosen = number;
  pinned = isPin;
  for (const button of document.querySelectorAll('[data-key]')) {
    button.setAttribute('aria-pressed', String(button.dataset.key === `${isPin ? 'pin' : 'segment'}-${number}`));
  }
  for (const button of document.querySelectorAll('[data-do]')) button.disabled = !current();
  $('hint').hidden = Boolean(current());
  inspect($('inspector'), current(), pinned, { plan, choices });
}

function grab(event, number) {
  if (event.button !== 0 || dragging) return;
  const resizes = event.target.className === 'edge';
  choose(number, false); // what was typed is taken, and everything may be drawn anew
  const button = document.querySelector(`[data-key="segment-${number}"]`);
  const segment = plan.segments[number];
  if (!button || !segment) return;
  const began = event.clientX;
  const { at, length } = segment;
  const now = { at, length };
  const move = (event) => {
    const seconds = (event.clientX - began) / zoom();
    const to = (units) => plan.clock.snap(plan.clock.units(plan.clock.seconds(units) + seconds));
    if (resizes) {
      const repeat = segment.repeat ?? 1;
      now.length = Math.max(grid(), Math.min(plan.room(segment), (to(plan.end(segment)) - at) / repeat));
    } else now.at = to(at);
    button.style.left = `${x(now.at)}px`;
    button.style.width = `${x(now.at + now.length * (segment.repeat ?? 1)) - x(now.at)}px`;
  };
  const stop = () => {
    dragging = false;
    button.removeEventListener('pointermove', move);
    plan.change(() => {
      if (resizes) resize(segment, now.length);
      else segment.at = plan.place(segment, now.at);
    });
    draw();
  };
  try {
    button.setPointerCapture(event.pointerId);
  } catch {
    return; // it was let go already
  }
  dragging = true;
  button.addEventListener('pointermove', move);
  button.addEventListener('pointerup', stop, { once: true });
  button.addEventListener('pointercancel', stop, { once: true });
}

function resize(segment, length) {
  const before = segment.length;
  segment.length = round(Math.max(grid(), Math.min(length, plan.room(segment))));
  if (!plan.possible(segment)) segment.length = before;
}

function act(event, edit) {
  event.preventDefault();
  event.stopPropagation();
  plan.change(edit);
}

function segmentKey(event, segment) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (step && event.shiftKey) act(event, () => resize(segment, segment.length + step * grid()));
  else if (step) act(event, () => nudge(segment, step));
  const command = { s: 'split', m: 'mirror', r: 'repeat', a: 'another', d: 'duplicate', Delete: 'remove', Backspace: 'remove' }[event.key];
  if (command) act(event, commands[command]);
}

/** Move a segment by a step; past a neighbour, to its other side. */
function nudge(segment, step) {
  const whole = segment.length * (segment.repeat ?? 1);
  const at = plan.clock.snap(segment.at + step * grid());
  if (plan.fits(segment, at, whole)) segment.at = at;
  else {
    const lane = plan.lane(segment.dancer ?? '');
    const other = lane[lane.indexOf(segment) + step];
    if (!other) return;
    const there = step > 0 ? plan.end(other) : other.at - whole;
    if (plan.fits(segment, there, whole)) segment.at = round(there);
    else { // they change places
      const [first, second] = step > 0 ? [segment, other] : [other, segment];
      const begins = first.at;
      second.at = begins;
      first.at = round(begins + second.length * (second.repeat ?? 1));
    }
  }
}

const commands = {
  split() {
    if (pinned) return;
    const second = plan.split(current(), plan.clock.units(player.time));
    if (!second) $('status').textContent = 'Move the red line into the part first: click above it.';
  },
  mirror() {
    const part = current();
    if (kindOf(part) !== 'gap') part.mirror = !part.mirror || undefined;
  },
  repeat() {
    const part = current();
    if (pinned || !['clip', 'compose'].includes(kindOf(part))) return;
    const later = plan.lane(part.dancer ?? '').filter((each) => each.at > part.at);
    part.repeat = (part.repeat ?? 1) + 1;
    const over = Math.max(0, ...later.slice(0, 1).map((each) => plan.end(part) - each.at));
    for (const each of later) each.at = round(each.at + over); // make room
  },
  another() {
    const part = current();
    if (['compose', 'gap'].includes(kindOf(part))) part.seed = (part.seed ?? 0) + 1;
  },
  duplicate() {
    if (pinned) return;
    const copy = { ...current() };
    copy.at = plan.place(copy, plan.finish(copy.dancer ?? ''));
    chosen = plan.segments.push(copy) - 1;
  },
  remove() {
    (pinned ? plan.pins : plan.segments).splice(chosen, 1);
    chosen = -1;
  },
};

function add(kind) {
  const clip = choices.material[0];
  if (kind !== 'compose' && kind !== 'gap' && !clip) return;
  plan.change(() => {
    if (kind === 'pin') {
      const at = plan.clock.snap(plan.clock.units(player.time));
      chosen = plan.pins.push({ at, pose: clip.ref, from: 0 }) - 1;
      pinned = true;
      return;
    }
    const dancer = (!pinned && current()?.dancer) || undefined;
    const at = round(plan.finish(dancer ?? ''));
    const seconds = kind === 'clip' ? Math.min(4, clip.seconds) : kind === 'pose' ? 1 : 4;
    const length = Math.max(grid(), plan.clock.snap(plan.clock.units(plan.clock.seconds(at) + seconds)) - at);
    const made = { at, length: round(length), dancer };
    if (kind === 'clip') Object.assign(made, { clip: clip.ref, from: 0, to: round(seconds) });
    else if (kind === 'pose') Object.assign(made, { pose: clip.ref, from: round(clip.seconds / 2) });
    else made[kind] = true;
    if (kind !== 'clip' && kind !== 'pose' && !plan.document.choreographer) {
      plan.document.choreographer = choices.dances.find((each) => each.ready)?.ref ?? choices.dances[0]?.ref;
    }
    chosen = plan.segments.push(made) - 1;
    pinned = false;
  });
  fillChoices();
  document.querySelector(`[data-key="${pinned ? 'pin' : 'segment'}-${chosen}"]`)?.focus();
}

// Music, the choreographer, people.

function options(select, list, value, nothing) {
  select.replaceChildren(...[{ ref: '', name: nothing }, ...list].map((each) => new Option(each.name, each.ref)));
  select.value = value ?? '';
}

function fillChoices() {
  options($('music'), choices.music, plan.document.music, 'none');
  const dances = choices.dances.map((each) => ({ ...each, name: each.ready ? each.name : `${each.name} (not learned yet)` }));
  options($('choreographer'), dances, plan.document.choreographer, 'nowhere');
  $('bpm').value = plan.document.bpm ?? '';
  const dance = choices.dances.find((each) => each.ref === plan.document.choreographer);
  $('learn').hidden = !dance || dance.ready;
}

const soundOf = ({ music, bpm, first_beat: first, unit }) => JSON.stringify([music, bpm, first, unit]);
let hearing = 0;

/** Undo or redo; with the music, its beats come and go. */
function step(act) {
  if (dragging) return;
  const before = soundOf(plan.document);
  act();
  if (!current()) chosen = -1;
  fillChoices();
  if (soundOf(plan.document) !== before) hear(false).then(draw);
}

/** Hear the music of the plan; `convert`: what is there stays where it is in time. */
async function hear(convert = true) {
  hearing += 1;
  const mine = hearing;
  const { music, bpm } = plan.document;
  const count = (beats) => {
    const clock = new Clock(beats);
    if (convert) plan.count(clock);
    else plan.clock = plan.document.unit === 'beats' ? clock : new Clock([]);
  };
  heard = null;
  player.listen(music);
  $('heard').textContent = '';
  if (!music) {
    count(bpm ? Array.from({ length: Math.ceil(600 * bpm / 60) }, (_, index) => index * 60 / bpm) : []);
    return;
  }
  try {
    const { job } = await ask('do/hear', { music, bpm: bpm ?? null, first_beat: plan.document.first_beat ?? null });
    const ended = await finish(job, (words) => { $('status').textContent = words; }, () => mine !== hearing);
    if (!ended || mine !== hearing) return;
    heard = ended.result;
    count(heard.beats);
    const tempo = heard.tempo ? `${Math.round(heard.tempo)} beats a minute` : 'no clear beat is heard: give beats a minute';
    $('heard').textContent = heard.other_tempo ? `${tempo}; or ${Math.round(heard.other_tempo)}?` : tempo;
  } catch (error) {
    if (mine === hearing) tell(error.message);
  }
}

function drawPeople() {
  const dancers = plan.dancers;
  const selects = [...$('people').querySelectorAll('select')];
  const names = JSON.stringify([dancers, choices.people]);
  if ($('people').dataset.names === names) return;
  $('people').dataset.names = names;
  $('people').replaceChildren(...dancers.map((dancer, index) => {
    const select = element('select', {});
    options(select, choices.people, selects[index]?.value, 'a stick figure');
    return element('label', {}, dancer ? `Who dances ${dancer}` : 'Who dances it', select);
  }));
}

async function perform() {
  const people = [...$('people').querySelectorAll('select')].map((select) => select.value);
  const status = $('performing-status');
  $('perform').disabled = true;
  try {
    if (people.some(Boolean) && !people.every(Boolean)) throw new Error('choose somebody for each dancer, or stick figures for all.');
    const { job } = await ask('do/perform', { plan: plan.document, people: people.filter(Boolean), seconds: player.seconds || null });
    await finish(job, (words) => { status.textContent = words; });
    status.textContent = 'Done; it is among your videos as well.';
    $('result').replaceChildren(element('video', { src: `/media/jobs/${job}/result`, controls: true }));
  } catch (error) {
    status.textContent = error.message;
  }
  $('perform').disabled = false;
}

async function learn() {
  $('learn').disabled = true;
  try {
    const { job } = await ask('do/learn', { dance: plan.document.choreographer });
    await finish(job, (words) => { $('status').textContent = words; });
    choices = { ...choices, dances: (await ask('state')).dances };
    fillChoices();
    arrange();
  } catch (error) {
    tell(error.message);
  }
  $('learn').disabled = false;
}

async function upload(input, kind) {
  const file = input.files[0];
  if (!file) return undefined;
  $('status').textContent = `looking at ${file.name} …`;
  try {
    const query = new URLSearchParams({ name: file.name, kind });
    const answer = await fetch(`/timeline/upload?${query}`, { method: 'POST', body: file });
    const made = await answer.json();
    if (!answer.ok) throw new Error(made.error);
    choices[kind === 'clip' ? 'material' : 'music'].unshift(made);
    $('status').textContent = '';
    return made.ref;
  } catch (error) {
    tell(error.message);
    return undefined;
  } finally {
    input.value = '';
  }
}

async function save() {
  try {
    const { text } = await ask('do/text', { plan: plan.document });
    const link = element('a', { href: URL.createObjectURL(new Blob([text], { type: 'application/toml' })), download: 'dance.toml' });
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    tell(error.message);
  }
}

// Time.

function moved() {
  $('clock').textContent = `${player.time.toFixed(1)} s`;
  $('play').textContent = player.playing ? 'Pause' : 'Play';
  drawPlayhead();
}

function drawPlayhead() {
  $('playhead').style.left = `${player.time * zoom()}px`;
}

function listen() {
  $('play').addEventListener('click', () => player.toggle());
  $('undo').addEventListener('click', () => step(() => plan.undo()));
  $('redo').addEventListener('click', () => step(() => plan.redo()));
  $('save').addEventListener('click', save);
  $('perform').addEventListener('click', perform);
  $('learn').addEventListener('click', learn);
  $('cut').addEventListener('click', endWithMusic);
  $('zoom').addEventListener('input', draw);
  $('scroll').addEventListener('scroll', drawWave);
  $('wave').addEventListener('pointerdown', (event) => player.seek((event.offsetX + $('scroll').scrollLeft) / zoom()));
  for (const button of document.querySelectorAll('[data-add]')) button.addEventListener('click', () => add(button.dataset.add));
  for (const button of document.querySelectorAll('[data-do]')) {
    button.addEventListener('click', () => current() && plan.change(commands[button.dataset.do]));
  }
  const music = async (ref) => {
    plan.change((document) => { document.music = ref || undefined; });
    fillChoices();
    await hear();
    changed();
  };
  $('music').addEventListener('change', () => music($('music').value));
  $('add-music').addEventListener('change', async () => {
    const ref = await upload($('add-music'), 'music');
    if (ref) await music(ref);
  });
  $('bpm').addEventListener('change', async () => {
    const bpm = Number($('bpm').value);
    plan.change((document) => { document.bpm = bpm ? Math.min(400, Math.max(20, bpm)) : undefined; });
    fillChoices();
    await hear();
    changed();
  });
  $('choreographer').addEventListener('change', () => {
    plan.change((document) => { document.choreographer = $('choreographer').value || undefined; });
    fillChoices();
  });
  $('inspector').addEventListener('upload', async (event) => {
    const ref = await upload(event.target, 'clip');
    if (!ref) return;
    plan.change(() => {
      const part = current();
      if (!part) return;
      part[part.clip === undefined ? 'pose' : 'clip'] = ref;
      if (part.clip) Object.assign(part, { from: 0, to: round(Math.min(4, choices.material[0].seconds)) });
      else part.from = 0;
    });
  });
  $('inspector').addEventListener('mend', async () => {
    const part = current();
    const dance = choices.dances.find((each) => each.ref === plan.document.choreographer && each.ready)
      ?? choices.dances.find((each) => each.ready);
    if (await mendPoses($('mender'), part.clip ?? part.pose, dance)) arrange();
  });
  document.addEventListener('keydown', (event) => {
    if ($('mender').open) return; // it has undo of its own
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'z') {
      event.preventDefault();
      step(() => (event.shiftKey ? plan.redo() : plan.undo()));
    }
    const typing = event.target.closest?.('input, select, textarea, form');
    if (event.key === ' ' && !typing && (!event.target.closest?.('button') || event.target.dataset.key)) {
      event.preventDefault();
      player.toggle();
    }
  });
}

navigation('timeline');
listen();
try {
  choices = await ask('state');
  plan.load(choices.plan);
  if (plan.document.unit === 'beats') plan.clock = new Clock([0, 0.5]); // until the music is heard
  fillChoices();
  await hear();
  draw();
  arrange();
} catch (error) {
  tell(error.message);
}
document.body.dataset.ready = 'yes';

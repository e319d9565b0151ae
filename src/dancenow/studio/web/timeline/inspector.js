// The form of the chosen segment or pin.

import { kindOf, round } from '/timeline/plan.js';

const TITLES = {
  clip: 'Moves of a clip', pose: 'A held pose', compose: 'New moves', gap: 'A gap to be filled', pin: 'A pose to pass through',
};
let shown = ''; // which part, of what kind, the form is for
let part = null;
let updates = []; // one a field: shows the part's value

/** Take what was typed before something else is chosen. */
export function commit(form) {
  if (form.contains(document.activeElement)) document.activeElement.blur();
}

/** Show the fields of a part; every change goes through the plan. */
export function inspect(form, chosen, pinned, { plan, choices }) {
  form.hidden = !chosen;
  part = chosen;
  if (!chosen) {
    shown = '';
    form.replaceChildren();
    return;
  }
  const kind = pinned ? 'pin' : kindOf(chosen);
  const number = (pinned ? plan.pins : plan.segments).indexOf(chosen);
  const clip = chosen.clip ?? chosen.pose;
  const same = JSON.stringify([kind, number, clip, plan.clock.counts, choices.material]);
  if (same !== shown) { // else the focus stays where it is
    shown = same;
    updates = [];
    form.replaceChildren(element('strong', { textContent: TITLES[kind] }), ...fieldsOf(kind, number, plan, choices));
    form.onsubmit = (event) => event.preventDefault();
  }
  for (const update of updates) update();
}

function fieldsOf(kind, number, plan, choices) {
  const unit = plan.clock.counts ? 'beats' : 'seconds';
  const rows = [];
  const change = (key, edit) => plan.change(() => edit(part), `${key} of ${kind} ${number}`);

  /** A field: `read` gives what it shows, `write` takes what was entered. */
  const field = (label, type, read, write, more = {}) => {
    const input = element(type === 'select' ? 'select' : 'input', { ...(type === 'select' ? {} : { type }), ariaLabel: label, ...more });
    const property = type === 'checkbox' ? 'checked' : 'value';
    const update = () => { input[property] = read(part) ?? ''; };
    input.addEventListener('change', () => {
      write(type === 'number' ? Number.parseFloat(input.value) : input[property]);
      update();
    });
    updates.push(update);
    rows.push(element('label', {}, label, input));
    return input;
  };
  const kept = (label, key, { most = 3600, least = 0, usual, placeholder = '', needed = false } = {}) => {
    field(label, 'number', (each) => each[key] ?? usual, (value) => change(key, (each) => {
      if (Number.isNaN(value)) {
        if (!needed) each[key] = undefined;
        return;
      }
      const within = round(Math.min(most, Math.max(least, value)));
      each[key] = within === usual && !needed ? undefined : within;
    }), { step: 'any', min: least, max: most, placeholder });
  };

  if (['clip', 'pose', 'pin'].includes(kind)) clipFields(kind, { field, kept, change, rows, choices });
  if (kind === 'pin') kept(`When (${unit})`, 'at', { least: plan.clock.first, needed: true });
  else {
    field(`Begins (${unit})`, 'number', (each) => each.at, (value) => change('at', (each) => {
      if (!Number.isNaN(value)) each.at = plan.place(each, Math.min(3600, value));
    }), { step: 'any' });
    field(`Length (${unit})`, 'number', (each) => each.length, (value) => change('length', (each) => {
      if (value > 0) each.length = round(Math.min(Math.max(0.1, value), plan.room(each), 3600));
    }), { step: 'any', min: 0.1 });
  }
  if (['clip', 'compose'].includes(kind)) {
    field('Repeat', 'number', (each) => each.repeat ?? 1, (value) => change('repeat', (each) => {
      const most = Math.floor((plan.room(each) * (each.repeat ?? 1)) / each.length + 1e-6);
      const count = Math.max(1, Math.min(Math.round(value) || 1, most, 100));
      each.repeat = count > 1 ? count : undefined;
    }), { min: 1, max: 100, step: 1 });
  }
  if (kind !== 'gap') {
    field('Mirrored', 'checkbox', (each) => Boolean(each.mirror), (value) => change('mirror', (each) => {
      each.mirror = value || undefined;
    }));
  }
  if (['compose', 'gap'].includes(kind)) {
    field('Style', 'text', (each) => each.style, (value) => change('style', (each) => {
      each.style = value.trim() || undefined;
    }), { placeholder: 'any; or house:0.5,disco:0.5' });
    kept('Energy (-1.5 calm, 1.5 lively)', 'liveliness', { least: -1.5, most: 1.5, placeholder: 'as the music' });
    field('Version', 'number', (each) => (each.seed ?? 0) + 1, (value) => change('seed', (each) => {
      each.seed = Math.min(2 ** 31, Math.max(0, Math.round(value || 1) - 1)) || undefined;
    }), { min: 1, step: 1 });
  }
  if (kind !== 'gap' && kind !== 'pin') kept(`Fades into the next over (${unit})`, 'fade', { most: 32, placeholder: 'half a second' });
  field('Dancer', 'text', (each) => each.dancer, (value) => change('dancer', (each) => {
    each.dancer = value.replace(/[^\w-]/g, '').slice(0, 40) || undefined;
    if (kind !== 'pin') each.at = plan.place(each, each.at);
  }), { placeholder: 'the first' });
  return rows;
}

function clipFields(kind, { field, kept, change, rows, choices }) {
  const key = kind === 'clip' ? 'clip' : 'pose';
  const clip = choices.material.find((each) => each.ref === part[key]);
  const select = field('Clip', 'select', (each) => each[key], (ref) => change('clip', (each) => {
    const { seconds } = choices.material.find((other) => other.ref === ref);
    each[key] = ref;
    each.from = Math.min(each.from, round(Math.max(0, seconds - 0.2)));
    if (kind === 'clip') each.to = round(Math.min(seconds, Math.max(each.to, each.from + 0.2)));
  }));
  select.replaceChildren(...choices.material.map((each) => new Option(each.name, each.ref)));
  const file = element('input', { type: 'file', accept: 'video/*,image/gif', ariaLabel: 'Another clip' });
  file.addEventListener('change', () => file.dispatchEvent(new Event('upload', { bubbles: true })));
  rows.push(element('label', { className: 'file' }, element('span', { textContent: 'Another clip' }), file));
  const mend = element('button', { type: 'button', textContent: 'Mend its poses …' });
  mend.addEventListener('click', () => mend.dispatchEvent(new Event('mend', { bubbles: true })));
  if (part[key]?.startsWith('upload:')) rows.push(mend);
  const most = clip?.seconds ?? 3600;
  if (kind !== 'clip') kept('At (seconds of the clip)', 'from', { most, needed: true });
  else {
    const moment = (label, key, within) => field(label, 'number', (each) => each[key], (value) => change(key, (each) => {
      if (!Number.isNaN(value)) each[key] = round(Math.max(0, within(value, each)));
    }), { step: 'any', min: 0, max: most });
    moment('From (seconds of the clip)', 'from', (value, each) => Math.min(value, each.to - 0.1));
    moment('To (seconds of the clip)', 'to', (value, each) => Math.min(most, Math.max(value, each.from + 0.1)));
  }
}

/** An element of the page. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

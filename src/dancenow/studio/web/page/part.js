// Two handles by which a clip or music is cut to the part that is wanted.

import { h, pressing } from '/studio/dom.js';
import { ask } from '/studio/server.js';
import { WORDS } from '/studio/words.js';

const LEAST = 0.5; // seconds

/** seek: called with the second that a handle is moved to; made: with what was cut. */
export function partOf({ ref, seconds }, message, { seek, made, shown = [] }) {
  const { part } = WORDS;
  const handle = (value, words) => {
    const told = h('output', {}, part.seconds(value));
    const input = h('input', { type: 'range', min: 0, max: seconds, step: 0.1, value, 'aria-label': words, oninput: () => {
      const [begins, ends] = [Number(from.input.value), Number(to.input.value)];
      if (ends - begins < LEAST) input.value = input === from.input ? ends - LEAST : begins + LEAST;
      told.textContent = part.seconds(input.value);
      whole.textContent = part.length(Number(to.input.value) - Number(from.input.value));
      seek(Number(input.value));
    } });
    return { input, root: h('label.handle', {}, h('span', {}, words), input, told) };
  };
  const whole = h('output.hint', {}, part.length(seconds));
  const from = handle(0, part.from);
  const to = handle(seconds, part.to);
  const use = h('button', {}, part.use);
  use.onclick = pressing(use, message, async () => {
    message.tell(part.cutting, { good: true });
    const cut = await ask(`api/uploads/${ref.replace('upload:', '')}/cut`, { begins: Number(from.input.value), ends: Number(to.input.value) });
    message.clear();
    made(cut);
  });
  return h('details.part', {}, h('summary', {}, part.title), ...shown, from.root, to.root, h('div.row', {}, whole, h('span.space'), use));
}

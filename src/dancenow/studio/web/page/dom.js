// Building and changing the page.

/** An element: h('button.primary', { onclick, disabled }, 'text', child, ...). */
export function h(kind, props = {}, ...children) {
  const [tag, ...classes] = kind.split('.');
  const made = document.createElement(tag || 'div');
  if (classes.length) made.className = classes.join(' ');
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name in made && !name.startsWith('aria') && name !== 'list' && name !== 'style') made[name] = value;
    else made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false && child !== ''));
  return made;
}

/** A place whose content is built anew only when what it shows changes; focus stays where it was. */
export class Slot {
  constructor(kind = 'div', props = {}) {
    this.root = h(kind, props);
    this.shown = null;
  }

  show(what, build) {
    const text = JSON.stringify(what);
    if (text === this.shown) return false;
    this.shown = text;
    const focused = this.root.contains(document.activeElement) ? document.activeElement.id : '';
    const built = build();
    this.root.replaceChildren(...[built].flat().filter(Boolean));
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
    return true;
  }
}

/** A place for a line that tells what is wrong, beside what caused it; focus goes there. */
export function messageBox() {
  const box = h('p.message', { role: 'alert', tabIndex: -1, hidden: true });
  return {
    root: box,
    clear() {
      box.hidden = true;
      box.textContent = '';
    },
    tell(line, { good = false, focus = !good } = {}) {
      box.textContent = line;
      box.classList.toggle('good', good);
      box.hidden = false;
      if (focus) box.focus();
      box.scrollIntoView({ block: 'nearest' });
    },
  };
}

/** A group of radio buttons: one Tab stop, arrow keys, a legend. */
export function radios(name, legend, choices, value, onchange, { className = '' } = {}) {
  return h(`fieldset.choice${className}`, {}, h('legend', {}, legend), choices.map(([key, text, note]) => h('label', {},
    h('input', { type: 'radio', name, id: `${name}-${key}`, value: key, checked: key === value, onchange: () => onchange(key) }),
    h('span', {}, text, note ? h('small', {}, note) : ''))));
}

/** A button that asks in its own place before it acts. */
export function confirming(text, { question, yes, no }, message, action) {
  const place = h('span.confirming');
  const button = (kind, words, act) => {
    const made = h(kind, {}, words);
    made.onclick = pressing(made, message, act);
    return made;
  };
  const plain = (focus = true) => {
    place.replaceChildren(button('button', text, asked));
    if (focus) place.firstChild.focus();
  };
  const asked = async () => {
    place.replaceChildren(h('span', {}, question), button('button.danger', yes, action), button('button', no, async () => plain()));
    place.querySelector('button').focus();
  };
  plain(false);
  return place;
}

/** Run an action of a button once at a time, and tell beside it what goes wrong. */
export function pressing(button, message, action) {
  return async () => {
    if (button.disabled) return;
    button.disabled = true;
    message.clear();
    try {
      await action();
    } catch (error) {
      message.tell(error.message);
    } finally {
      button.disabled = false;
    }
  };
}

// The links to the studio's pages.

import { h } from '/studio/dom.js';
import { WORDS } from '/studio/words.js';

/** Fill the header's navigation; `here` is the time line's page, which is one of its own. */
export function navigation(here = '') {
  const links = Object.entries(WORDS.pages).map(([name, text]) => h('a', {
    href: name === 'timeline' ? '/timeline' : `/#${name}`, 'aria-current': name === here && 'page',
  }, text));
  document.querySelector('nav').append(...links);
}

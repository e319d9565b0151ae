// All results: a grid; one of them, large; two of them, compared.

import { Slot, h } from '/studio/dom.js';
import { compared } from '/studio/compare.js';
import { JobStage } from '/studio/stage.js';
import { WORDS } from '/studio/words.js';

export class VideosView {
  constructor(app) {
    this.app = app;
    this.chosen = null;
    this.marked = [];
    this.grid = new Slot('div.tiles.large');
    this.stage = new JobStage(app.act);
    this.pair = new Slot('div');
    this.root = h('div.videos', {}, h('h2', {}, WORDS.videos.title), this.stage.root, this.pair.root, this.grid.root);
  }

  /** Show one job, or all. */
  open(id) {
    this.chosen = id || null;
    if (id) {
      this.marked = [];
      this.news = true;
    }
  }

  update(server) {
    const { jobs } = server;
    const job = jobs.find((each) => each.id === this.chosen);
    this.stage.root.hidden = !job;
    if (job) this.stage.show(job);
    if (job && this.news) {
      this.news = false;
      this.root.scrollIntoView();
      this.stage.focus();
    }
    this.marked = this.marked.filter((id) => jobs.some((each) => each.id === id && each.result));
    const [first, second] = this.marked.map((id) => jobs.find((each) => each.id === id));
    this.pair.show(this.marked, () => {
      if (!first) return null;
      if (!second) return h('p.hint', { role: 'status' }, WORDS.videos.comparing);
      const close = h('button', { onclick: () => { this.marked = []; this.update(this.app.server); } }, WORDS.videos.close);
      return h('section', {}, h('div.row', {}, h('h3', {}, WORDS.videos.compared), h('span.space'), close), compared({ result: first.result, source: second.result, fps: first.figures.fps, title: first.title, names: [first.title, second.title], only: ['pair', 'slider'] }));
    });
    const left = (each) => each.active && each.left > 3 && WORDS.progress.left(each.left);
    const cards = jobs.map((each) => [each.id, each.title, each.state, each.poster, each.preview, left(each)]);
    this.grid.show([cards, this.marked], () => (jobs.length ? jobs.map((each) => this.#card(each)) : h('p.empty', {}, WORDS.videos.none)));
  }

  #card(job) {
    const poster = job.poster ?? job.preview;
    const when = new Date(1000 * job.created).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
    const mark = job.result && h('label.check', {}, h('input', {
      type: 'checkbox', id: `mark-${job.id}`, checked: this.marked.includes(job.id), onchange: () => this.#mark(job.id),
    }), h('span', {}, WORDS.videos.compare));
    return h('div.card', {}, h('a', { href: `#videos/${job.id}` }, h('span.picture', {}, poster ? h('img', { src: poster, alt: '', loading: 'lazy' }) : h('span.initial', { 'aria-hidden': 'true' }, '…')), h('span.name', {}, job.title)), h('small', {}, job.result ? [when, ...WORDS.videos.settings(job)].join(' · ') : [WORDS.videos.states[job.state], job.active && job.left > 3 && WORDS.progress.left(job.left)].filter(Boolean).join(' · ')), mark);
  }

  #mark(id) {
    this.chosen = null;
    this.stage.slot.show(null, () => []); // what plays there ends
    if (location.hash !== '#videos') history.replaceState(null, '', '#videos');
    this.marked = this.marked.includes(id) ? this.marked.filter((each) => each !== id) : [id, ...this.marked].slice(0, 2);
    this.update(this.app.server);
  }
}

// A job: how far it is, how it ended, what it made and what can be done with it.

import { Slot, confirming, h, messageBox, pressing } from '/studio/dom.js';
import { ask, finish } from '/studio/server.js';
import { compared } from '/studio/compare.js';
import { WORDS, clock } from '/studio/words.js';

export class JobStage {
  /** act: what the page does with a job: again, background, minutes, variation. */
  constructor(act) {
    this.act = act;
    this.slot = new Slot('div.job');
    this.root = this.slot.root;
  }

  show(job) {
    const shape = [job.id, job.state, job.result, job.error, !job.active && [job.hints, job.preview]];
    const watched = this.watched === job.id; // it was seen while it was made
    this.watched = job.active ? job.id : null;
    const focused = this.root.contains(document.activeElement);
    const changed = this.slot.show(shape, () => (job.result ? this.#made(job, watched) : job.active ? this.#working(job) : this.#ended(job)));
    if (changed && focused && !this.root.contains(document.activeElement)) this.focus();
    if (job.active) this.#tell(job);
  }

  /** Let keyboard and screen reader go on at the title. */
  focus() {
    this.root.querySelector('h2')?.focus();
  }

  #tell(job) {
    const { progress } = WORDS;
    const bar = this.root.querySelector('progress');
    const line = this.root.querySelector('.left');
    if (!bar) return;
    const waiting = job.state === 'queued';
    if (waiting || (!job.share && !job.left)) bar.removeAttribute('value');
    else bar.value = job.share;
    let text = waiting ? progress.waiting(job.ahead) : job.left > 3 ? progress.left(job.left) : job.share > 0.5 ? progress.soon : '';
    if (job.state === 'cancelling') text = progress.stopping;
    if (line.textContent !== text) line.textContent = text;
    // Each on its own: the film goes on playing while newer pictures come.
    this.first.show(job.first, () => job.first && h('figure', {}, film(job.first, WORDS.progress.first), h('figcaption', {}, WORDS.progress.first)));
    this.looks.show(job.preview, () => job.preview && h('figure', {}, h('img', { src: job.preview, alt: WORDS.progress.learned }), h('figcaption', {}, WORDS.progress.learned)));
    const stage = this.root.querySelector('.stage-name');
    const doing = WORDS.steps[job.step] ?? job.stage.charAt(0).toUpperCase() + job.stage.slice(1);
    if (stage.textContent !== doing) stage.textContent = doing;
  }

  #working(job) {
    const message = messageBox();
    const cancel = h('button.small', { id: 'cancel' }, WORDS.cancel);
    cancel.onclick = pressing(cancel, message, () => this.act.change(job, 'cancel'));
    this.first = new Slot();
    this.looks = new Slot();
    return [
      title(job),
      h('progress', { max: 1, 'aria-label': job.title }),
      h('div.row', {}, h('span.left', { role: 'timer' }), h('span.space'), cancel),
      h('p.hint.stage-name', {}),
      message.root, this.first.root, this.looks.root,
      h('p.hint', {}, WORDS.progress.closing),
    ];
  }

  #ended(job) {
    const message = messageBox();
    const how = { done: WORDS.ended.done(job), cancelled: WORDS.ended.cancelled(job.begun), interrupted: WORDS.ended.interrupted, failed: WORDS.ended.failed(job.error) }[job.state] ?? '';
    const resume = h('button.primary', { id: 'resume' }, WORDS.resume);
    resume.onclick = pressing(resume, message, () => this.act.change(job, 'resume'));
    const looks = job.preview && h('img', { src: job.preview, alt: WORDS.progress.learned });
    return [title(job), h('p', { role: 'status' }, how), looks, h('div.row', {}, job.resumable && resume, this.#remover(job, message)), message.root];
  }

  #made(job, starts) {
    const message = messageBox();
    const words = WORDS.result;
    const { act } = this;
    const again = [];
    const offer = (text, action) => {
      const button = h('button', {}, text);
      button.onclick = pressing(button, message, action);
      again.push(button);
    };
    if (job.kind === 'transfer' && job.again.person) {
      offer(words.again, () => act.again(job));
      offer(words.background, () => act.background(job));
      if (job.again.more) offer(words.minutes, () => act.minutes(job));
    }
    if (job.kind === 'new_dance') offer(words.variation, () => act.variation(job));
    return [
      title(job),
      compared({ result: job.result, source: job.source, poses: job.beside, fps: job.figures.fps, title: job.title, starts }),
      h('div.row.actions', {}, this.#saver(job, message), this.#sharer(job, message), ...again, h('span.space'), this.#remover(job, message)),
      message.root,
      this.#told(job),
    ];
  }

  /** How good it may be, and what would make it better. */
  #told(job) {
    const words = WORDS.result;
    const { figures, learned, hints } = job;
    const helps = [...hints];
    if (learned.person && learned.person < 240) helps.push(words.moreMinutes);
    const details = [
      figures.frames && words.frames(figures), figures.seconds_spent && words.spent(figures.seconds_spent),
      figures.tempo && words.tempo(figures.tempo), figures.beat_alignment !== undefined && words.beats(figures.beat_alignment),
    ].filter(Boolean);
    return h('div.told', {},
      learned.person && h('p', {}, words.learned(learned.person)),
      helps.length > 0 && h('section', {}, h('h3', {}, words.helps), h('ul', {}, helps.map((line) => h('li', {}, line)))),
      details.length > 0 && h('details', {}, h('summary', {}, words.details), h('ul', {}, details.map((line) => h('li', {}, line)))));
  }

  #saver(job, message) {
    const words = WORDS.result;
    const save = (form) => async () => {
      menu.open = false;
      if (form !== 'result' && form !== 'beside') {
        const { job: id } = await ask(`api/jobs/${job.id}/convert`, { as: form });
        if (id) {
          message.tell(words.saving, { good: true });
          await finish(id, (part) => { if (part) message.tell(`${words.saving} ${Math.round(100 * part)} %`, { good: true }); });
          message.clear();
        }
      }
      // A link that is pressed: the browser saves what it leads to.
      h('a', { href: `/media/jobs/${job.id}/${form}?save`, download: '' }).click();
    };
    // The others would lose what is transparent.
    const whole = words.forms.filter(([form]) => form !== 'beside' || job.beside);
    const forms = job.again.background === 'transparent' ? whole.filter(([form]) => ['result', 'beside'].includes(form)) : whole;
    const buttons = forms.map(([form, text]) => {
      const button = h('button', {}, text);
      button.onclick = pressing(button, message, save(form));
      return button;
    });
    const menu = h('details.menu', {}, h('summary.button.primary', {}, words.save), h('div', {}, buttons));
    menu.addEventListener('focusout', (event) => { if (event.relatedTarget && !menu.contains(event.relatedTarget)) menu.open = false; });
    menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      menu.open = false;
      menu.querySelector('summary').focus();
    });
    return menu;
  }

  #sharer(job, message) {
    if (!navigator.canShare) return null;
    const button = h('button', {}, WORDS.result.share);
    button.onclick = pressing(button, message, async () => {
      const film = await (await fetch(job.result)).blob();
      const file = new File([film], `${job.title}.${film.type.includes('webm') ? 'webm' : 'mp4'}`, { type: film.type });
      await navigator.share({ files: [file], title: job.title }).catch((error) => { if (error.name !== 'AbortError') throw error; });
    });
    return button;
  }

  #remover(job, message) {
    const { sure: question, yes, no } = WORDS.videos;
    return confirming(WORDS.remove, { question, yes, no }, message, () => this.act.change(job, 'remove'));
  }
}

function title(job) {
  return h('h2', { tabIndex: -1 }, job.title);
}

function film(url, label) {
  const video = h('video', { src: url, autoplay: true, loop: true, playsInline: true, controls: true, 'aria-label': label });
  video.muted = true;
  return video;
}

/** The browser's title while a job runs. */
export function countdown(jobs) {
  const running = jobs.find((job) => job.active && job.state !== 'queued');
  return running && running.left > 0 ? `${clock(running.left)} · ${WORDS.name}` : WORDS.name;
}

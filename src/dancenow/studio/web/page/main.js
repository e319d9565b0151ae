// The studio's front page: which view is shown, and what the studio says about it.

import { messageBox } from '/studio/dom.js';
import { MakeView } from '/studio/make.js';
import { LiveView } from '/studio/live.js';
import { navigation } from '/studio/nav.js';
import { DanceView } from '/studio/newdance.js';
import { PeopleView } from '/studio/people.js';
import { ask } from '/studio/server.js';
import { countdown } from '/studio/stage.js';
import { VideosView } from '/studio/videos.js';
import { WORDS } from '/studio/words.js';

const VIEWS = { make: MakeView, dance: DanceView, videos: VideosView, people: PeopleView, live: LiveView };
const BUSY = 1000; // ms between two looks at the studio while something runs
const QUIET = 5000;

const app = {
  server: {},
  views: {},
  name: '',
  asked: 0,
  answered: 0,
  done: null, // ids of the jobs that were done when the page last looked

  /** Look at the studio, and show what has changed. */
  async refresh() {
    app.asked += 1;
    const number = app.asked;
    const server = await ask('api/state');
    if (number < app.answered) return; // a newer answer was here first
    app.answered = number;
    app.server = server;
    document.title = countdown(app.server.jobs);
    app.views[app.name]?.update(app.server);
    const done = app.server.jobs.filter((job) => job.result);
    for (const job of done) if (app.done && !app.done.has(job.id)) notify(job);
    app.done = new Set(done.map((job) => job.id));
  },

  open(hash) {
    if (location.hash === `#${hash}`) show();
    else location.hash = hash;
  },

  askToNotify() {
    if ('Notification' in window && Notification.permission === 'default' && !localStorage.asked) {
      localStorage.asked = 'yes';
      Notification.requestPermission();
    }
  },

  act: {
    async change(job, what) {
      await ask(`api/jobs/${job.id}/${what}`, {});
      await app.refresh();
      if (what === 'remove' && app.name === 'videos') app.open('videos');
    },
    async again(job) { view('make').again(job); app.open('make'); },
    async background(job) { view('make').again(job, { dance: true, more: true }); app.open('make'); },
    async minutes(job) { await view('make').longer(job); app.open('make'); },
    async variation(job) { view('dance').again(job); app.open('dance'); },
  },
};

function notify(job) {
  if (document.hidden && 'Notification' in window && Notification.permission === 'granted') {
    new Notification(WORDS.notified(job.title), { icon: '/studio/icon.svg', tag: job.id });
  }
}

function view(name) {
  app.views[name] ??= new VIEWS[name](app);
  return app.views[name];
}

function show() {
  const [asked, id = ''] = location.hash.slice(1).split('/');
  const name = VIEWS[asked] ? asked : 'make';
  if (app.name !== name) app.views[app.name]?.close?.();
  app.name = name;
  const shown = view(name);
  shown.open?.(id);
  const main = document.getElementById('main');
  if (main.firstChild !== shown.root) {
    main.replaceChildren(shown.root);
    scrollTo(0, 0);
  }
  for (const link of document.querySelectorAll('nav a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  shown.update(app.server);
}

async function begin() {
  navigation();
  const trouble = messageBox();
  document.querySelector('header').after(trouble.root);
  for (;;) {
    try {
      await app.refresh();
      break;
    } catch (error) {
      trouble.tell(error.message, { focus: false });
      await new Promise((wake) => setTimeout(wake, QUIET));
    }
  }
  trouble.clear();
  addEventListener('hashchange', show);
  show();
  // A job that still runs is shown at once, so that a page that was closed finds it again.
  const running = app.server.jobs.find((job) => job.active);
  if (running && app.name === 'make' && running.kind === 'transfer') view('make').follow(running.id);
  for (;;) {
    const busy = app.server.jobs.some((job) => job.active);
    await new Promise((wake) => setTimeout(wake, document.hidden ? 2 * QUIET : busy ? BUSY : QUIET));
    await app.refresh().then(() => trouble.clear(), (error) => trouble.tell(error.message, { focus: false }));
  }
}

begin();

// What the studio is asked for.

import { WORDS } from '/studio/words.js';

/** Ask for something; errors carry a line for the user. */
export async function ask(path, body) {
  const how = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`/${path}`, how).catch(() => { throw new Error(WORDS.noAnswer); });
  const value = await answer.json().catch(() => ({ error: WORDS.noAnswer }));
  if (!answer.ok) throw new Error(sentence(value.error ?? WORDS.noAnswer));
  return value;
}

/** Send a file; `tell` gets the part that has arrived. */
export function send(file, kind, tell = () => {}, more = {}) {
  const query = new URLSearchParams({ name: file.name, kind, ...more });
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/upload?${query}`);
    request.upload.onprogress = (event) => event.lengthComputable && tell(event.loaded / event.total);
    request.onerror = () => fail(new Error(WORDS.upload.failed));
    request.onload = () => {
      let value = {};
      try { value = JSON.parse(request.responseText); } catch { /* told below */ }
      if (request.status === 200) done(value);
      else fail(new Error(sentence(value.error ?? WORDS.upload.failed)));
    };
    request.send(file);
  });
}

/** Wait for a short job; returns it when it has ended, or null if it is `over`: nobody waits. */
export async function finish(id, tell = () => {}, over = () => false) {
  for (;;) {
    const job = await ask(`timeline/jobs/${id}`);
    if (!job.active) {
      if (job.error) throw new Error(sentence(job.error));
      return job;
    }
    if (over()) {
      await ask('timeline/do/cancel', { job: id });
      return null;
    }
    const { done, total } = job.progress;
    tell(total ? done / total : null, job);
    await new Promise((wake) => setTimeout(wake, 250));
  }
}

/** What is wrong with a file, as far as the browser can see; null if nothing is. */
export async function looked(file, limits) {
  const { upload } = WORDS;
  if (file.size > limits.bytes) throw new Error(upload.tooLarge(file.name, limits.bytes));
  const seen = await measured(file);
  if (seen.seconds > limits.seconds) throw new Error(upload.tooLong(file.name, seen.seconds, limits.seconds));
  const pixels = seen.width * seen.height;
  if (pixels > 1e6 * limits.megapixels) throw new Error(upload.tooMany(file.name, pixels, limits.megapixels));
  return seen;
}

/** Seconds, width and height of a clip or picture; zeros where the browser cannot tell. */
function measured(file) {
  const unknown = { seconds: 0, width: 0, height: 0 };
  const url = URL.createObjectURL(file);
  return new Promise((done) => {
    const over = (seen) => { URL.revokeObjectURL(url); done(seen); };
    setTimeout(() => over(unknown), 4000);
    if (file.type.startsWith('image/')) {
      const image = new Image();
      image.onload = () => over({ seconds: 0, width: image.naturalWidth, height: image.naturalHeight });
      image.onerror = () => over(unknown);
      image.src = url;
    } else {
      const video = document.createElement('video');
      video.preload = 'metadata';
      video.onloadedmetadata = () => over({
        seconds: Number.isFinite(video.duration) ? video.duration : 0, width: video.videoWidth, height: video.videoHeight,
      });
      video.onerror = () => over(unknown);
      video.src = url;
    }
  });
}

/** A line of the studio as a sentence; before a colon stands a name, which stays as it is. */
function sentence(line) {
  const text = line.includes(':') ? line : line.charAt(0).toUpperCase() + line.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

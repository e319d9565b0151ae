// Recording a clip with the computer's camera.

import { h } from '/studio/dom.js';
import { WORDS } from '/studio/words.js';

const WANTED = { video: { width: { ideal: 1280 }, height: { ideal: 720 } }, audio: true };

/** Whether this browser can record at all. */
export const canRecord = Boolean(navigator.mediaDevices?.getUserMedia && window.MediaRecorder);

/** Ask for the camera, and record; returns a file, or null if nothing was recorded. */
export async function record() {
  const words = WORDS.record;
  const camera = await navigator.mediaDevices.getUserMedia(WANTED)
    .catch(() => navigator.mediaDevices.getUserMedia({ video: WANTED.video }))
    .catch(() => { throw new Error(words.refused); });
  const view = h('video', { autoplay: true, playsInline: true, 'aria-label': words.title });
  view.muted = true;
  view.srcObject = camera;
  let recorder;
  try {
    recorder = new MediaRecorder(camera);
  } catch {
    for (const track of camera.getTracks()) track.stop();
    throw new Error(words.refused);
  }
  const parts = [];
  recorder.ondataavailable = (event) => event.data.size && parts.push(event.data);
  const told = h('output', {}, '');
  const button = h('button.primary', {}, words.start);
  const close = h('button', {}, WORDS.cancel);
  const dialog = h('dialog.recorder', { 'aria-label': words.title }, h('h2', {}, words.title), h('p.hint', {}, words.hint), view, h('div.row', {}, button, told, h('span.space'), close));
  document.body.append(dialog);
  dialog.showModal();
  let clock = 0;
  const kept = await new Promise((done) => {
    close.onclick = () => done(false);
    dialog.oncancel = () => done(false);
    button.onclick = () => {
      if (recorder.state === 'recording') {
        done(true);
        return;
      }
      const began = Date.now();
      recorder.start();
      button.textContent = words.stop;
      clock = setInterval(() => { told.textContent = `${Math.floor((Date.now() - began) / 1000)} s`; }, 250);
    };
  });
  clearInterval(clock);
  if (recorder.state === 'recording') {
    const ended = new Promise((wake) => { recorder.onstop = wake; });
    recorder.stop();
    await ended;
  }
  for (const track of camera.getTracks()) track.stop();
  dialog.remove();
  if (!kept || !parts.length) return null;
  const type = recorder.mimeType || 'video/webm';
  return new File(parts, `${words.name}.${type.includes('mp4') ? 'mp4' : 'webm'}`, { type });
}

// What the time line asks the studio for.

import { ask as call, finish as wait } from '/studio/server.js';

/** Ask the studio for something; answers in JSON, errors with a line for the user. */
export const ask = (path, body) => call(`timeline/${path}`, body);

/** Wait for a job; `tell` gets its progress in words, `over` says whether nobody waits any more. */
export const finish = (id, tell, over) => wait(id, (part, { ahead, progress: { stage, left } }) => {
  const done = part === null ? '' : ` ${Math.round(100 * part)} %`;
  tell(ahead ? 'waiting …' : `${stage ?? 'beginning'}${done}${left > 5 ? `, ${Math.round(left)} s left` : ''} …`);
}, over);

// What the studio is asked for.

/** Ask the studio for something; answers in JSON, errors with a line for the user. */
export async function ask(path, body) {
  const how = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`/timeline/${path}`, how);
  const value = await answer.json().catch(() => ({ error: 'the studio does not answer; is it still open?' }));
  if (!answer.ok) throw new Error(value.error);
  return value;
}

/** Wait for a job; `tell` gets its progress in words, `over` says whether nobody waits any more. */
export async function finish(id, tell, over = () => false) {
  for (;;) {
    const job = await ask(`jobs/${id}`);
    if (!job.active) {
      if (job.error) throw new Error(job.error);
      return job;
    }
    if (over()) {
      await ask('do/cancel', { job: id });
      return null;
    }
    const { stage, done, total, left } = job.progress;
    const part = total ? ` ${Math.round((100 * done) / total)} %` : '';
    tell(job.ahead ? 'waiting …' : `${stage ?? 'beginning'}${part}${left > 5 ? `, ${Math.round(left)} s left` : ''} …`);
    await new Promise((wake) => setTimeout(wake, 250));
  }
}

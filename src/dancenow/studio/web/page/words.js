// Every sentence of the page, in one place.

/** A length of time in words, rounded. */
export function duration(seconds) {
  if (seconds < 50) return `${Math.max(1, Math.round(seconds))} s`;
  if (seconds < 90) return 'a minute';
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}

/** Time left as a clock: 2:05. */
export function clock(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

export const WORDS = {
  name: 'DanceNow',
  pages: { make: 'Make a video', dance: 'New dance', videos: 'My videos', people: 'My people', live: 'Live', timeline: 'Time line' },
  live: {
    title: 'Dance live',
    hint: 'Step back until your whole body shows. Nothing is recorded.',
    dancer: 'Who dances what you dance?',
    behind: 'Behind them',
    backgrounds: [['target', 'Their room'], ['white', 'White'], ['#20c060', 'Green, for other programs']],
    start: 'Start the camera',
    stop: 'Stop',
    waiting: 'Getting ready…',
    nobody: 'Nobody is seen: step back until your whole body shows.',
    rate: (rate, late) => `${rate.toFixed(0)} pictures a second, ${late} ms after you`,
    refused: 'The camera cannot be used; allow it in the browser, then try again.',
    yours: 'You',
    picture: 'The dancer',
  },
  dance: {
    title: 'Pick a dance',
    hint: 'A clip of one person, from head to feet.',
    add: 'Your clip',
  },
  dancer: {
    title: 'Pick the dancer',
    hint: 'Ten seconds or more of someone moving a lot, or a photo.',
    add: 'Your clip or photo',
  },
  tips: {
    title: 'What makes a good clip?',
    good: [
      ['whole', 'The whole body, all the time'],
      ['light', 'Bright light, a still camera'],
      ['moves', 'Many moves: arms up, turns, steps'],
    ],
  },
  stage: {
    empty: 'Pick a dance and a dancer. Your video appears here.',
    needDance: 'Now pick a dance.',
    needDancer: 'Now pick the dancer.',
  },
  quality: {
    title: 'Quality',
    levels: ['Quick', 'Good', 'Best'],
    takes: (seconds) => `about ${duration(seconds)}`,
    note: 'on this computer, everything included',
    ready: (who, seconds) => `${who ? `${who} is ready: about` : 'About'} ${duration(seconds)} on this computer.`,
  },
  newPerson: { name: "What's their name?" },
  who: {
    dance: 'Whose moves?',
    dancer: 'Who is the dancer?',
    number: (number) => `Number ${number}`,
    tap: 'Tap the person you mean.',
    ways: [['largest', 'The biggest'], ['left', 'On the left'], ['right', 'On the right']],
  },
  seen: {
    poses: 'The lines show what we see. They should follow the whole body.',
    remove: 'Remove this clip', sure: { question: 'Remove it from the studio?', yes: 'Yes, remove it', no: 'Keep' },
  },
  more: {
    title: 'More',
    behind: 'Background',
    rooms: [
      ['target', "The dancer's own room"], ['source', 'The room of the dance'], ['white', 'White'],
      ['#00b140', 'Green screen'], ['transparent', 'Transparent (WebM)'], ['own', 'My picture or clip'],
    ],
    own: 'Choose the picture or clip',
    ownFirst: 'Choose the picture or clip that goes behind the dancer.',
    limbs: "Fit the moves to the dancer's proportions",
  },
  go: 'Make the video',
  cancel: 'Cancel',
  resume: 'Continue',
  remove: 'Delete',
  progress: {
    waiting: (ahead) => (ahead ? `Waiting for ${ahead} other ${ahead > 1 ? 'videos' : 'video'}` : 'Starting'),
    left: (seconds) => `${clock(seconds)} left`,
    soon: 'Almost there',
    stopping: 'Stopping. What was learned is being saved.',
    first: 'A first look, before any learning. It gets better from here.',
    learned: 'How it looks so far',
    closing: 'You can close this page. The work goes on.',
  },
  steps: {
    poses: 'Watching the dance', look: 'Watching the dancer', learn: 'Learning the dancer', dance: 'Learning the moves',
    perform: 'Dancing', finish: 'Finishing the video',
  },
  ended: {
    done: ({ learned }) => (learned.person ? `Done. Learned for ${duration(learned.person)}.` : 'Done.'),
    cancelled: (begun) => (begun ? 'Cancelled. What was learned is kept.' : 'Cancelled before it began.'),
    interrupted: 'Interrupted. What was learned is kept.',
    failed: (line) => `That didn't work: ${line}`,
  },
  result: {
    views: { result: 'Result', pair: 'Side by side', slider: 'Slider', poses: 'With poses' },
    view: 'View', play: 'Play', pause: 'Pause', back: 'Back one frame', on: 'Forward one frame', full: 'Full screen',
    place: 'Place in the video', divide: 'Where the pictures meet', mute: 'Mute', speed: 'Speed', mirror: 'Mirror',
    save: 'Save', share: 'Share',
    forms: [['result', 'Video'], ['tall', 'Vertical for phones, 9:16'], ['silent', 'Without sound'], ['beside', 'Beside the original, with poses'], ['gif', 'GIF']],
    saving: 'Preparing the file …',
    again: 'Same dancer, another dance',
    background: 'Another background',
    minutes: 'Five more minutes of learning',
    variation: 'Another variation',
    learned: (seconds) => `The dancer was learned for ${duration(seconds)}.`,
    helps: 'What would help',
    moreMinutes: 'More minutes of learning: hands and faces get sharper.',
    details: 'Details',
    frames: (f) => `${f.frames} frames of ${f.size[0]} x ${f.size[1]} pixels, ${Number(f.fps.toFixed(2))} a second`,
    spent: (seconds) => `Danced in ${duration(seconds)}, not counting what came before`,
    tempo: (tempo) => `${Math.round(tempo)} beats a minute`,
    beats: (value) => `Beat alignment ${value.toFixed(2)} (1: every accent falls on a beat)`,
  },
  videos: {
    title: 'My videos',
    none: 'Nothing here yet. Your first video takes three clicks.',
    settings: ({ learned, again }) => [
      learned.person && `learned for ${duration(learned.person)}`,
      again.background && again.background !== 'target' && (WORDS.more.rooms.find(([key]) => key === again.background)?.[1] ?? 'own background'),
    ].filter(Boolean),
    states: { queued: 'waiting', running: 'being made', cancelling: 'stopping', cancelled: 'cancelled', interrupted: 'interrupted', failed: 'failed', done: 'done' },
    compare: 'Compare', close: 'Close',
    comparing: 'Pick two videos to compare.',
    compared: 'The two you picked',
    sure: 'Delete this video for good?', yes: 'Yes, delete it', no: 'Keep',
  },
  moves: {
    title: 'Pick the moves',
    add: 'My own clips',
    adding: 'Add clips: twelve seconds or more of one person dancing',
    addFirst: 'First add twelve seconds or more of one person dancing.',
    name: 'What is this dance called?',
    learn: 'needs training first',
    styles: 'Style',
    any: 'Any',
  },
  performer: { title: 'Who dances it?', figure: 'A stick figure' },
  music: {
    title: 'Music (optional)', add: 'Add music', remove: 'Remove the music', hearing: 'Listening for beats …',
    heard: (tempo) => (tempo ? `${Math.round(tempo)} beats a minute` : 'no clear beat'),
    picture: 'The music and its beats',
    other: (bpm) => `Does it feel more like ${bpm}?`, use: (bpm) => `Count ${bpm}`,
  },
  energy: { title: 'Energy', levels: [[0.8, 'Calm'], [1, 'Normal'], [1.2, 'Lively']] },
  length: { title: 'Length', seconds: (s) => `${s} s`, music: 'As long as the music' },
  loop: 'A loop: the end leads back to the start (no music)',
  variation: { another: 'Another one' },
  show: {
    go: 'Show me the dance', stage: 'The dance as a stick figure', empty: 'Your new dance appears here, as a stick figure first.',
    making: 'Making your dance …',
    changed: 'You changed something. Show it again, or make the video.', pictures: 'This one dreams silhouettes. Make the video to see it.',
  },
  people: {
    title: 'My people and dances',
    people: 'People', dances: 'Dances',
    nobody: 'Nobody yet. People are learned when you make a video with them.',
    none: 'None yet. Dances are learned when you make a new one.',
    learned: (entry) => {
      if (entry.puppet) return 'A puppet, made of photos.';
      if (!entry.ready) return 'Not fully learned yet.';
      return entry.learned === null ? 'Ready.' : `Learned in ${duration(entry.learned)}.`;
    },
    from: (entry) => (entry.sample ? 'A sample, drawn by DanceNow.' : entry.from && `From ${entry.from}.`),
    about: (entry) => !entry.sample && `${new Date(1000 * entry.created).toLocaleDateString()}, ${entry.megabytes.toFixed(1)} MB.`,
    agreed: 'You confirmed that they agreed.',
    how: 'How it was learned',
    save: 'Save as a file',
    more: 'Learn five more minutes',
    rename: 'Rename', newName: (name) => `New name for ${name}`, keep: 'Save the name',
    sure: (name) => `Delete ${name} for good, with everything that was learned?`,
    yes: (name) => `Yes, delete ${name}`, no: 'Keep',
    deleted: (name) => `${name} was deleted.`,
    add: 'Add someone from a file', choose: 'Choose a saved person or dance', added: (name) => `${name} was added.`,
    adding: 'Add', chooseFirst: 'Choose the file first.',
  },
  part: {
    title: 'Use only a part', from: 'From', to: 'To', use: 'Use this part', cutting: 'Cutting …',
    seconds: (value) => `${Number(value).toFixed(1)} s`,
    length: (value) => `${Number(value).toFixed(1)} s long`,
  },
  record: {
    tile: 'Record', title: 'Record a clip', hint: 'Step back until all of you is in the picture, from head to feet.',
    start: 'Start', stop: 'Stop and use it', name: 'Recording', refused: "The camera can't be used. Allow it in your browser, then try again.",
  },
  upload: {
    sending: (part) => `Sending ${Math.round(100 * part)} %`,
    looking: 'Looking at it …',
    tooLarge: (name, limit) => `${name} is too large: at most ${Math.round(limit / 1e6)} MB.`,
    tooLong: (name, seconds, limit) => `${name} is too long: ${Math.round(seconds)} s, at most ${limit} s.`,
    tooMany: (name, size, limit) => `${name} is too large: ${(size / 1e6).toFixed(1)} megapixels, at most ${limit}.`,
    short: (seconds) => `${Math.round(seconds)} s is a little short: ten seconds or more works better.`,
    failed: 'The upload was interrupted. Try again.',
  },
  consentFirst: 'Please confirm that the person agreed.',
  noAnswer: "The studio doesn't answer. Is it still open?",
  notified: (title) => `Your video is ready: ${title}`,
};

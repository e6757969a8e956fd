const socket = io();
const find = (selector) => document.querySelector(selector);
const [join, compose, messages, typing] = ['#join', '#compose', '#messages', '#typing'].map(find);

/** For how long somebody who types is shown, and how often we say that we do. In milliseconds. */
const TYPING_MS = 2000;

let ownName;
let typingTimer;
let lastTyping = -TYPING_MS;

/** A colour per name, the same on every page. */
const hue = (name) => [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 360, 7);

function element(tag, text, className = '') {
  const made = document.createElement(tag);
  made.textContent = text;
  made.className = className;
  return made;
}

function append(item) {
  messages.append(item);
  item.scrollIntoView({ block: 'nearest' });
}

const note = (text) => append(element('li', text, 'note'));

function showPeople(people) {
  find('#people').textContent = people.join(', ');
}

function showTyping(text) {
  typing.textContent = text;
  clearTimeout(typingTimer);
  typingTimer = setTimeout(() => typing.replaceChildren(), TYPING_MS);
}

function enter(name) {
  socket.emit('join', name, ({ error, name, people }) => {
    find('#problem').textContent = error ?? '';
    if (error) return;
    ownName = name;
    join.hidden = true;
    compose.hidden = false;
    compose.elements.text.focus();
    showPeople(people);
    note('You have joined');
  });
}

join.addEventListener('submit', (event) => {
  event.preventDefault();
  enter(join.elements.name.value);
});

compose.addEventListener('submit', (event) => {
  event.preventDefault();
  socket.emit('message', compose.elements.text.value);
  compose.reset();
  lastTyping = -TYPING_MS;
});

compose.addEventListener('input', () => {
  if (performance.now() - lastTyping < TYPING_MS / 2) return;
  lastTyping = performance.now();
  socket.volatile.emit('typing');
});

socket.on('message', ({ name, text, at }) => {
  const item = element('li', '', name === ownName ? 'own' : '');
  item.style.setProperty('--hue', hue(name));
  const time = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  item.append(element('b', name), element('time', time), element('span', text));
  append(item);
  showTyping('');
});

socket.on('typing', (name) => showTyping(`${name} is typing …`));

socket.on('joined', (name, people) => {
  note(`${name} has joined`);
  showPeople(people);
});

socket.on('left', (name, people) => {
  note(`${name} has left`);
  showPeople(people);
});

// After a lost connection the server knows us no longer.
socket.on('connect', () => ownName && enter(ownName));
socket.on('disconnect', () => note('The connection is lost, waiting for it …'));

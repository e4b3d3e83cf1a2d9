// What the app asks of the page. It is imported once, when the app starts.

// How near to the end, in pixels, counts as being at it.
const nearEnd = 60;

// How far before it comes into view the next page of a list is asked for, in pixels.
const ahead = 300;

let following = true;
let place = null;

const byId = id => document.getElementById(id);
const log = () => byId('log');

export const language = () => navigator.language;
export const draft = () => byId('message')?.value || sessionStorage.getItem('draft') || '';
export const clearDraft = () => sessionStorage.removeItem('draft');
export const title = text => { document.title = text; };
export const focusMessage = () => {
  // On a touch screen it would open the keyboard over what there is to read.
  if (matchMedia('(pointer: fine)').matches) byId('message')?.focus();
};

export const select = id => {
  byId(id)?.focus();
  byId(id)?.select();
};

export function writeOn(id) {
  const field = byId(id);
  field?.focus();
  field?.setSelectionRange(field.value.length, field.value.length);
}

export function showEnd() {
  following = true;
  scroll();
}

export function keepPlace() {
  place = log().scrollHeight - log().scrollTop;
}

export function toggleTheme() {
  const root = document.documentElement;
  const now = root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  root.dataset.theme = now === 'dark' ? 'light' : 'dark';
  localStorage.setItem('theme', root.dataset.theme);
}

export function copy(text) {
  if (navigator.clipboard) {
    navigator.clipboard.writeText(text);
    return;
  }
  // Plain http on another machine: no clipboard, but a selection can be copied.
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}

// One menu for all: it opens beside whichever button asked for it, inside the window.
export function openMenu(button) {
  const menu = byId('menu');
  const at = byId(button).getBoundingClientRect();
  menu.dataset.for = button;
  menu.showPopover();
  const { offsetWidth: width, offsetHeight: height } = menu;
  menu.style.left = `${Math.max(8, Math.min(at.right - width, innerWidth - width - 8))}px`;
  menu.style.top = `${at.bottom + 4 + height < innerHeight ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
  items(menu)[0]?.focus();
}

export const closeMenu = () => {
  if (byId('menu').matches(':popover-open')) byId('menu').hidePopover();
};
export const openDialog = id => byId(id).showModal();
export const closeDialog = id => byId(id).close();

const items = menu => [...menu.querySelectorAll('[role=menuitem]')];

function scroll() {
  const view = log();
  if (!view) return;
  if (place !== null) {
    view.scrollTop = view.scrollHeight - place;
    // What was asked for stands above now, or the asking has ended without it.
    if (view.getAttribute('aria-busy') !== 'true') place = null;
  } else if (following) {
    view.scrollTop = view.scrollHeight;
  }
  mark();
  readOn();
}

function mark() {
  const button = byId('to-end');
  if (button) button.hidden = following;
}

// A button that reads the next page is pressed when it comes near.
function readOn() {
  for (const button of document.querySelectorAll('[data-auto]:not(:disabled)')) {
    const view = button.parentElement.getBoundingClientRect();
    const at = button.getBoundingClientRect();
    if (view.height > 0 && at.bottom > view.top - ahead && at.top < view.bottom + ahead) button.click();
  }
}

function done(button) {
  button.classList.add('done');
  setTimeout(() => button.classList.remove('done'), 1500);
}

new MutationObserver(changes => {
  const lists = [log(), byId('conversations')];
  if (changes.some(change => lists.some(list => list?.contains(change.target)))) scroll();
}).observe(byId('app'), { childList: true, characterData: true, subtree: true });

// Scroll events do not bubble, but they can be caught on their way down.
document.addEventListener('scroll', event => {
  const view = event.target;
  if (view.id === 'log') {
    following = view.scrollHeight - view.scrollTop - view.clientHeight < nearEnd;
    mark();
  }
  readOn();
}, true);

addEventListener('resize', scroll);

document.addEventListener('click', event => {
  const code = event.target.closest?.('[data-copy]');
  if (code) copy(code.closest('.code').querySelector('code').textContent);
  const button = event.target.closest?.('[data-copy], [data-copied]');
  if (button) done(button);
  // A press on what lies behind a dialog gives it up.
  if (event.target.tagName === 'DIALOG') {
    const { left, right, top, bottom } = event.target.getBoundingClientRect();
    const inside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    if (!inside) event.target.close();
  }
});

document.addEventListener('keydown', event => {
  // isComposing: Enter there ends the input of a character, not the message.
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing && ['message', 'edited'].includes(event.target.id)) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }

  const menu = event.target.closest?.('[role=menu]');
  if (!menu || !['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(event.key)) return;
  event.preventDefault();
  const all = items(menu);
  const now = all.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: -1 }[event.key];
  all.at(next % all.length)?.focus();
});

// What the app asks of the page. It is imported once, when the app starts.

// How near to the end, in pixels, counts as being at it.
const nearEnd = 60;

let following = true;
let place = null;

const log = () => document.getElementById('log');

export const language = () => navigator.language;
export const draft = () => document.getElementById('message')?.value || sessionStorage.getItem('draft') || '';
export const clearDraft = () => sessionStorage.removeItem('draft');
export const title = text => { document.title = text; };
export const focusMessage = () => {
  // On a touch screen it would open the keyboard over what there is to read.
  if (matchMedia('(pointer: fine)').matches) document.getElementById('message')?.focus();
};

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

function scroll() {
  const view = log();
  if (!view) return;
  if (place !== null) {
    view.scrollTop = view.scrollHeight - place;
    place = null;
  } else if (following) {
    view.scrollTop = view.scrollHeight;
  }
  mark();
}

function mark() {
  const button = document.getElementById('to-end');
  if (button) button.hidden = following;
}

async function copy(button) {
  const code = button.closest('.code').querySelector('code');
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(code.textContent);
  } else {
    // Plain http on another machine: no clipboard, but a selection can be copied.
    getSelection().selectAllChildren(code);
    document.execCommand('copy');
    getSelection().removeAllRanges();
  }
  button.classList.add('done');
  setTimeout(() => button.classList.remove('done'), 1500);
}

new MutationObserver(changes => {
  if (changes.some(change => log()?.contains(change.target))) scroll();
}).observe(document.getElementById('app'), { childList: true, characterData: true, subtree: true });

// Scroll events do not bubble, but they can be caught on their way down.
document.addEventListener('scroll', event => {
  const view = event.target;
  if (view.id !== 'log') return;
  following = view.scrollHeight - view.scrollTop - view.clientHeight < nearEnd;
  mark();
}, true);

addEventListener('resize', scroll);

document.addEventListener('click', event => {
  const button = event.target.closest?.('[data-copy]');
  if (button) copy(button);
});

document.addEventListener('keydown', event => {
  // isComposing: Enter there ends the input of a character, not the message.
  if (event.target.id === 'message' && event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    document.getElementById('send').click();
  }
});

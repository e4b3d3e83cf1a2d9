// Runs before the first paint and before the app: the theme, the language, and what is typed meanwhile.
(() => {
  const root = document.documentElement;
  const portuguese = navigator.language.toLowerCase().startsWith('pt');
  root.lang = portuguese ? 'pt-BR' : 'en';
  const theme = localStorage.getItem('theme');
  if (theme) root.dataset.theme = theme;

  document.addEventListener('DOMContentLoaded', () => {
    const message = document.getElementById('message');
    message.value = sessionStorage.getItem('draft') ?? '';
    for (const node of document.querySelectorAll('[data-pt]')) {
      if (!portuguese) continue;
      if (node === message) node.placeholder = node.dataset.pt;
      else node.textContent = node.dataset.pt;
    }
  });
  document.addEventListener('input', event => {
    if (event.target.id === 'message') sessionStorage.setItem('draft', event.target.value);
  });
})();

// Runs before anything is drawn: the colours that the reader chose last, and that there is a script.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") root.dataset.theme = chosen;
  } catch { /* No storage: the system's colours. */ }
})();

// Comfort only: every page saves its data without this file.
(() => {
  "use strict";

  // Menus are <details>: close them on Escape and on a click elsewhere.
  const openMenus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (click) => {
    openMenus().forEach((menu) => { if (!menu.contains(click.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (press) => {
    if (press.key !== "Escape") return;
    openMenus().forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
  });

  // What went wrong is read first.
  const focusFirstError = (root) => root.querySelector("[data-autofocus]")?.focus();
  focusFirstError(document);
  document.addEventListener("htmx:afterSwap", (swap) => focusFirstError(swap.detail.elt));

  // A form is sent once, however often the button is pressed.
  document.addEventListener("submit", (submission) => {
    const form = submission.target;
    if (form.matches("[hx-post], [hx-get]") || submission.defaultPrevented) return;
    if (form.dataset.sent) { submission.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => delete form.dataset.sent, 8000);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => delete form.dataset.sent);
  });

  document.querySelectorAll("[data-print]").forEach((button) => {
    button.addEventListener("click", () => window.print());
  });

  if (navigator.clipboard) document.querySelectorAll("[data-copy]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      button.textContent = button.dataset.done;
    });
  });

  // An exchange in place that fails says so.
  const problem = document.getElementById("problem");
  const tell = () => { if (problem) problem.textContent = problem.dataset.message; };
  document.addEventListener("htmx:responseError", tell);
  document.addEventListener("htmx:sendError", tell);
  document.addEventListener("htmx:afterRequest", (answer) => {
    if (answer.detail.successful && problem) problem.textContent = "";
  });

  // What a chart keeps on this device until it is sent (bedside.js) is its writer's: another person's page clears it,
  // and so does signing out. With something unsent, signing out asks once more.
  const KEPT = "infusion.chart.";
  const who = document.body.dataset.who;
  const kept = (prefix) => {
    try { return Object.keys(localStorage).filter((key) => key.startsWith(prefix)); } catch { return []; }
  };
  const clear = (keys) => keys.forEach((key) => localStorage.removeItem(key));
  const mine = `${KEPT}${who}.`;
  if (who) clear(kept(KEPT).filter((key) => !key.startsWith(mine)));
  let warned = false;
  document.addEventListener("submit", (submission) => {
    if (!submission.target.matches("form[data-sign-out]")) return;
    const entries = kept(KEPT);
    if (entries.length && problem && !warned) {
      warned = true;
      submission.preventDefault();
      submission.stopImmediatePropagation();
      problem.textContent = problem.dataset.unsent;
      return;
    }
    clear(entries);
  }, true);
})();

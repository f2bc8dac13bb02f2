// The day refreshes itself without disturbing whoever is looking at it. Comfort only.
(() => {
  "use strict";
  const board = () => document.getElementById("board");
  const busy = (day) => day.querySelector(":popover-open, details[open], textarea:focus, select:focus, input:focus");
  let seen = null;
  let card = "";

  // The present comes into sight, unless the address names a visit.
  const now = board()?.querySelector(".board-now");
  if (now && !location.hash) board().scrollTop = Math.max(0, now.offsetTop - board().clientHeight / 2);

  document.addEventListener("htmx:beforeRequest", (request) => {
    const from = request.detail.elt;
    if (from.matches("[data-live]") && (document.hidden || busy(from))) request.preventDefault();
    if (from.matches("form")) card = from.closest("[id^=visit-]")?.id ?? "";
  });
  document.addEventListener("htmx:beforeSwap", () => {
    if (board()) seen = { left: board().scrollLeft, top: board().scrollTop };
  });
  document.addEventListener("htmx:afterSettle", () => {
    if (board() && seen) board().scrollTo(seen);
    // The button that was pressed may be gone: the keyboard stays on its card.
    if (card && document.activeElement === document.body) {
      document.getElementById(card)?.querySelector("button, a")?.focus({ preventScroll: true });
    }
    card = "";
  });
})();

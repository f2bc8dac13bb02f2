// The day refreshes itself without disturbing whoever is looking at it. Comfort only.
(() => {
  "use strict";
  const busy = (day) => day.querySelector(":popover-open, details[open]") || day.querySelector("input:focus:not([type=hidden]), textarea:focus, select:focus");
  let across = 0;

  document.addEventListener("htmx:beforeRequest", (request) => {
    const day = request.detail.elt;
    if (day.matches("[data-live]") && (document.hidden || busy(day))) request.preventDefault();
  });
  document.addEventListener("htmx:beforeSwap", () => {
    across = document.getElementById("board")?.scrollLeft ?? across;
  });
  document.addEventListener("htmx:afterSwap", () => {
    const board = document.getElementById("board");
    if (board && across) board.scrollLeft = across;
  });
})();

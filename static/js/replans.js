// One tick for all moves of a plan. Comfort only: each row has its own.
(() => {
  "use strict";
  const all = document.querySelector("[data-pick-all]");
  if (!all) return;
  const master = all.querySelector("input");
  const picks = () => [...document.querySelectorAll(".plan-table input[name=keys]")];
  const show = () => {
    const ticked = picks().filter((pick) => pick.checked).length;
    master.checked = ticked === picks().length;
    master.indeterminate = ticked > 0 && !master.checked;
  };
  all.hidden = false;
  master.addEventListener("change", () => picks().forEach((pick) => { pick.checked = master.checked; }));
  document.addEventListener("change", (change) => { if (change.target.matches("input[name=keys]")) show(); });
  show();
})();

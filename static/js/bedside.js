// The chart at the bedside. Each entry is kept on this device until the clinic's server has it: a cut network loses
// nothing, and what is sent twice is written once, because every entry carries a key. Without this file the forms
// are plain forms.
(() => {
  "use strict";
  const place = document.querySelector("[data-queue]");
  if (!place) return;
  // Signing out clears it, and so does another person's page (infusion.js).
  const name = `infusion.chart.${document.body.dataset.who}.${place.dataset.visit}`;
  const RETRY = 3000;
  const TOO_LONG = 15000;

  // What is kept: the fields of each entry that is not sent yet. No name, no record number; gone once it is sent.
  const read = () => { try { return JSON.parse(localStorage.getItem(name)) || []; } catch { return []; } };
  const keep = (entries) => {
    if (entries.length) localStorage.setItem(name, JSON.stringify(entries));
    else localStorage.removeItem(name);
  };
  const change = (key, what) => keep(read().map((entry) => (entry.key === key ? { ...entry, ...what } : entry)));
  const drop = (key) => keep(read().filter((entry) => entry.key !== key));
  const waiting = () => read().filter((entry) => !entry.refused);
  const newKey = () => {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  };

  // --- what the page says of it -------------------------------------------------------------------------
  const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  const line = (tag, words, className = "") => {
    const made = document.createElement(tag);
    made.textContent = words;
    if (className) made.className = className;
    return made;
  };
  let why = "";
  const shown = document.createElement("div");
  shown.setAttribute("role", "status");
  place.append(shown);
  const show = () => {
    const unsent = waiting();
    const refused = read().filter((entry) => entry.refused);
    shown.replaceChildren();
    if (unsent.length && why) {
      const box = line("div", "", "notice notice-warning");
      const words = document.createElement("div");
      const many = unsent.length === 1 ? "1 entry" : `${unsent.length} entries`;
      words.append(line("p", `Not sent yet: ${many}`, "notice-title"), line("p", why));
      const list = document.createElement("ul");
      unsent.forEach((entry) => list.append(line("li", `${clock.format(new Date(entry.pressed))} ${entry.title}`)));
      words.append(list);
      box.append(words);
      shown.append(box);
    }
    refused.forEach((entry) => {
      const box = line("div", "", "notice notice-danger");
      const words = document.createElement("div");
      words.append(
        line("p", `Not written: ${entry.title}, ${clock.format(new Date(entry.pressed))}`, "notice-title"),
        ...entry.refused.map((reason) => line("p", reason)),
      );
      const button = line("button", "I have seen this", "btn btn-secondary btn-tap");
      button.type = "button";
      button.addEventListener("click", () => { drop(entry.key); show(); });
      words.append(button);
      box.append(words);
      shown.append(box);
    });
  };

  // --- errors beside their fields ------------------------------------------------------------------------
  const clear = (form) => {
    form.querySelectorAll(".invalid-feedback").forEach((old) => old.remove());
    form.querySelectorAll("[aria-invalid]").forEach((field) => field.removeAttribute("aria-invalid"));
    form.querySelectorAll(".form-problem").forEach((old) => old.replaceChildren());
  };
  const beside = (form, errors) => {
    let first = null;
    Object.entries(errors).forEach(([field, reasons]) => {
      const where = form.querySelector(`[data-field="${CSS.escape(field)}"]`);
      if (!where) {
        const whole = form.querySelector(".form-problem");
        reasons.forEach((reason) => whole?.append(line("p", reason)));
        return;
      }
      const said = line("p", reasons.join(" "), "invalid-feedback");
      const control = where.querySelector("input, select, textarea");
      said.id = `${where.id}_error`;
      where.append(said);
      control?.setAttribute("aria-invalid", "true");
      control?.setAttribute("aria-describedby", said.id);
      first ??= control;
    });
    first?.focus();
  };

  // --- sending -------------------------------------------------------------------------------------------
  const token = () => document.querySelector("#acts [name=csrfmiddlewaretoken], #now [name=csrfmiddlewaretoken]")?.value ?? "";
  const post = async (entry) => {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TOO_LONG);
    try {
      return await fetch(entry.address, {
        method: "POST",
        body: new URLSearchParams(entry.fields),
        headers: { Accept: "application/json", "X-CSRFToken": token() },
        credentials: "same-origin",
        redirect: "manual",
        signal: stop.signal,
      });
    } finally {
      clearTimeout(timer);
    }
  };
  const flat = (errors) => Object.values(errors).flat();

  // One entry: "sent", its errors where it is refused, or null where it must wait.
  const send = async (entry) => {
    let answer;
    try {
      answer = await post(entry);
    } catch {
      why = "The network is away. They are kept on this device and sent by themselves.";
      return null;
    }
    if (answer.ok) return "sent";
    if (answer.status === 422) return (await answer.json()).errors;
    if (answer.status === 404) return { __all__: ["This visit is no longer there."] };
    if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) {
      why = "You are signed out. Sign in again on this device, and open this page: they are sent then.";
      return null;
    }
    why = "The server did not answer as it should. They are kept on this device and sent again by themselves.";
    return null;
  };

  let sending = null;
  let timer = 0;
  // Everything that waits, in order; only one round at a time. `asked` is the entry whose form is on the screen.
  const flush = async (asked = "") => {
    if (sending) { await sending; }
    let answerOfAsked = null;
    sending = (async () => {
      let any = false;
      for (let entry = waiting()[0]; entry; entry = waiting()[0]) {
        const answer = await send(entry);
        if (answer === null) {
          clearTimeout(timer);
          timer = setTimeout(flush, RETRY);
          break;
        }
        const refusedHere = answer !== "sent" && entry.key === asked;
        any ||= !refusedHere;
        if (answer === "sent" || refusedHere) drop(entry.key);
        else change(entry.key, { refused: flat(answer) });
        if (entry.key === asked) answerOfAsked = answer;
      }
      if (!waiting().length) why = "";
      // Not before the form is free again: while one is busy, no refresh takes its place.
      if (any) setTimeout(() => document.body.dispatchEvent(new CustomEvent("chart:fresh")));
      show();
    })();
    await sending;
    sending = null;
    return answerOfAsked;
  };

  const title = (form) => {
    const typed = [...form.querySelectorAll("input:not([type=hidden]), textarea")]
      .filter((field) => (["checkbox", "radio"].includes(field.type) ? field.checked : field.value))
      .map((field) => (["checkbox", "radio"].includes(field.type) ? field.labels?.[0]?.textContent : field.value));
    return [form.dataset.entry, ...typed].filter(Boolean).join(" · ");
  };

  document.addEventListener("submit", async (submission) => {
    const form = submission.target;
    if (!form.matches("form[data-entry]")) return;
    submission.preventDefault();
    submission.stopImmediatePropagation();
    if (form.dataset.busy) return;
    form.dataset.busy = "yes";
    clear(form);
    const entry = {
      key: newKey(), address: form.getAttribute("action"), title: title(form), pressed: new Date(Date.now() + ahead).toISOString(),
    };
    entry.fields = [...new FormData(form)].filter(([field]) => !["csrfmiddlewaretoken", "key", "at"].includes(field));
    entry.fields.push(["key", entry.key], ["at", entry.pressed]);
    keep([...read(), entry]);
    const answer = await flush(entry.key);
    delete form.dataset.busy;
    if (answer !== null && answer !== "sent") { beside(form, answer); return; }
    form.reset();
    const around = form.closest("details.bed-act");
    if (around) around.open = false;
  }, true);

  // --- the clock -----------------------------------------------------------------------------------------
  // The tablet's clock may be wrong: times go by the server's, as the page last heard it.
  const heard = () => document.querySelector("[data-server-time]")?.dataset.serverTime;
  let ahead = 0;
  const listen = () => { const at = heard(); if (at) ahead = new Date(at).getTime() - Date.now(); };
  const count = () => {
    document.querySelectorAll("[data-until]").forEach((one) => {
      const left = Math.ceil((new Date(one.dataset.until) - (Date.now() + ahead)) / 60000);
      one.textContent = left > 0 ? `in ${left} min` : "now due";
    });
  };
  listen();
  setInterval(count, 5000);

  // --- the page keeps itself fresh, without disturbing a finger or the keyboard ---------------------------
  let pressed = false;
  document.addEventListener("pointerdown", () => { pressed = true; });
  ["pointerup", "pointercancel"].forEach((ends) => document.addEventListener(ends, () => { pressed = false; }));
  document.addEventListener("htmx:beforeRequest", (request) => {
    if (!request.detail.elt.matches("[data-live]")) return;
    const typing = document.activeElement?.matches("#now input");
    if (document.hidden || pressed || typing || document.querySelector("form[data-busy]")) request.preventDefault();
  });
  // The network's absence is said once, beside the queue, and not again by each refresh.
  document.addEventListener("htmx:sendError", (problem) => {
    if (problem.detail.elt.matches("[data-live]")) problem.stopImmediatePropagation();
  }, true);
  document.addEventListener("htmx:oobBeforeSwap", (swap) => {
    const { target } = swap.detail;
    const typing = target?.id === "acts" && target.querySelector("input:focus, textarea:focus");
    const typed = target?.matches("#acts input") && (target.matches(":focus") || target.value !== target.defaultValue);
    if (typing || typed) swap.detail.shouldSwap = false;
  });
  // Why an entry was refused stays beside its button until the nurse goes on, however often the page asks for itself anew.
  const refusals = () => [...document.querySelectorAll("#now form[data-entry]")]
    .map((form) => [form.dataset.entry, form.querySelector(".form-problem")]).filter(([, problem]) => problem);
  let said = [];
  document.addEventListener("htmx:beforeSwap", () => {
    said = refusals().map(([entry, problem]) => [entry, [...problem.childNodes]]);
  });
  document.addEventListener("htmx:afterSettle", () => {
    const now = refusals();
    said.forEach(([entry, words]) => now.find(([other]) => other === entry)?.[1].replaceChildren(...words));
    said = [];
    listen();
    count();
  });

  window.addEventListener("online", () => flush());
  show();
  if (waiting().length) flush();
})();

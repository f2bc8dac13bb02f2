// Free starts beside a time that is typed by hand. Comfort only: the two fields work alone.
(() => {
  "use strict";
  const form = document.querySelector("form[data-free]");
  const day = form?.querySelector("input[name=day]");
  const time = form?.querySelector("input[name=time]");
  if (!day || !time) return;

  const said = document.createElement("p");
  said.className = "row-note";
  said.setAttribute("role", "status");
  const place = document.createElement("div");
  place.className = "free";
  place.append(said);
  (time.closest(".mb-3") ?? time).after(place);

  const dated = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
  const long = (text) => dated.formatToParts(new Date(`${text}T12:00:00Z`))
    .filter((part) => part.type !== "literal").map((part) => part.value).join(" ");
  const mark = () => place.querySelectorAll("input").forEach((one) => { one.checked = one.value === time.value; });

  const choice = (start) => {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    const words = document.createElement("span");
    const more = document.createElement("span");
    label.className = "free-time";
    radio.type = "radio";
    radio.name = "picked";
    radio.value = start.time;
    radio.addEventListener("change", () => { time.value = start.time; });
    words.textContent = start.time;
    more.className = "visually-hidden";
    more.textContent = `, ${start.chairs} ${start.chairs === 1 ? "chair" : "chairs"} free`;
    words.append(more);
    label.append(radio, words);
    return label;
  };

  const show = (found) => {
    const starts = found.starts ?? [];
    const on = long(found.day);
    place.querySelector("fieldset")?.remove();
    if (found.closed) said.textContent = `Closed on ${on}: ${found.closed}.`;
    else if (found.kept) said.textContent = `Nothing on ${on}: ${found.kept}`;
    else if (!starts.length) said.textContent = `Nothing is free on ${on} for ${found.minutes} minutes.`;
    else said.textContent = `${starts.length} free ${starts.length === 1 ? "start" : "starts"} on ${on} for ${found.minutes} minutes.`;
    if (!starts.length) return;
    const set = document.createElement("fieldset");
    const legend = document.createElement("legend");
    const times = document.createElement("div");
    legend.textContent = `Free on ${on}`;
    times.className = "free-times";
    times.append(...starts.map(choice));
    set.append(legend, times);
    place.append(set);
    mark();
  };

  let asked = null;
  const ask = async () => {
    asked?.abort();
    const wanted = day.value;
    if (!/^\d{4}-\d\d-\d\d$/.test(wanted)) return;
    asked = new AbortController();
    try {
      const answer = await fetch(`${form.dataset.free}&from=${wanted}&to=${wanted}`, {
        signal: asked.signal, headers: { Accept: "application/json" }, credentials: "same-origin",
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      show((await answer.json()).days[0]);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      place.querySelector("fieldset")?.remove();
      said.textContent = "Free times cannot be shown for this day. Type a time.";
    }
  };

  day.addEventListener("change", ask);
  time.addEventListener("input", mark);
  if (day.value) ask();
})();

// SPDX-License-Identifier: Apache-2.0
// Keys, the counter under the reply box, and small courtesies. Every page works without this file too.
"use strict";
(() => {
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const csrf = one('meta[name="csrf"]')?.content ?? "";
  let chosen = "";

  // --- the list: j, k, Enter --------------------------------------------------------------------------------------
  const rows = () => all("[data-row]");

  function choose(row, { scroll = true } = {}) {
    for (const other of rows()) other.classList.toggle("chosen", other === row);
    chosen = row?.dataset.case ?? "";
    if (row && scroll) row.scrollIntoView({ block: "nearest" });
  }

  function step(by) {
    const list = rows();
    if (!list.length) return;
    const at = list.findIndex((row) => row.dataset.case === chosen);
    choose(list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(Math.max(at + by, 0), list.length - 1)]);
  }

  const chosenRow = () => rows().find((row) => row.dataset.case === chosen);

  async function changeChosen(row, values) {
    const body = new URLSearchParams({ csrf, version: row.dataset.version, ...values });
    if (row.dataset.busy) return; // the version it shows is about to be that of before
    row.dataset.busy = "1";
    try {
      const headers = { "HX-Request": "true" };
      const answer = await fetch(`/cases/${row.dataset.case}`, { method: "POST", body, headers });
      const why = answer.status === 409 ? "somebody changed the case meanwhile." : "load the page again.";
      tell(answer.ok ? "Done." : `That was not saved: ${why}`, answer.ok);
    } catch {
      tell("That was not saved: there is no connection.", false);
    }
    delete row.dataset.busy;
    htmx.trigger("#live", "queue");
  }

  function tell(sentence, good) {
    const line = document.createElement("p");
    line.className = `flash ${good ? "good" : "bad"}`;
    line.textContent = sentence;
    one("#flash")?.replaceChildren(line);
  }

  // --- keys -------------------------------------------------------------------------------------------------------
  function press(key) {
    const target = one(`[data-key="${key}"]`);
    if (!target) return false;
    if (target.matches("textarea, input")) {
      target.focus();
      target.scrollIntoView({ block: "center" });
    } else target.click();
    if (target.matches("summary")) one("textarea", target.parentElement)?.focus();
    return true;
  }

  const me = () => one(".me b")?.dataset.name ?? "";

  function act(key) {
    const row = chosenRow();
    if (key === "j" || key === "k") return rows().length ? (step(key === "j" ? 1 : -1), true) : false;
    if (key === "?") return one("#help")?.showModal(), true;
    if (row && key === "Enter") return (location.href = row.dataset.href ?? `/cases/${chosen}`), true;
    if (row?.dataset.href) return ["u", "/"].includes(key) && press(key);
    if (row && key === "r") return (location.href = `/cases/${chosen}#reply`), true;
    if (row && key === "e") return void changeChosen(row, { state: "resolved" }), true;
    if (row && key === "a") return void changeChosen(row, { assigned_to: me() }), true;
    return (["r", "n", "a", "e", "u", "i", "s", "t", "/"].includes(key) || /^[1-9]$/.test(key)) && press(key);
  }

  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("input, textarea, select");
    if (field) {
      if (event.key === "Escape") field.blur();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field.form) {
        event.preventDefault();
        field.form.requestSubmit();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]")) return;
    if (event.repeat && !["j", "k"].includes(event.key)) return; // a key held down is pressed once
    if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
    if (act(event.key)) event.preventDefault();
  });

  // --- how much of the channel's limit is used; the server counts again -------------------------------------------
  const light = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];
  const address = /\bhttps?:\/\/[^\s]+/g;
  const segments = "Segmenter" in Intl ? new Intl.Segmenter() : null;
  const graphemes = (text) => (segments ? [...segments.segment(text)].map((part) => part.segment) : [...text]);

  function weigh(text) {
    const addresses = text.match(address) ?? [];
    let sum = addresses.length * 23;
    for (const cluster of graphemes(text.replace(address, ""))) {
      if (/\p{Extended_Pictographic}/u.test(cluster)) sum += 2;
      else for (const sign of cluster.normalize("NFC")) {
        const code = sign.codePointAt(0);
        sum += light.some(([from, to]) => code >= from && code <= to) ? 1 : 2;
      }
    }
    return sum;
  }

  const measures = {
    code_points: (text) => [...text].length,
    utf16_units: (text) => text.length,
    graphemes: (text) => graphemes(text).length,
    bytes: (text) => new TextEncoder().encode(text).length,
    weighted_280: weigh,
  };

  function count(box) {
    const most = Number(box.dataset.most ?? 0);
    const place = one(`#${box.id}-count`);
    if (!place || !most) return;
    const left = most - measures[box.dataset.unit](box.value.trim());
    place.textContent = left < 0 ? `${-left} too many` : `${left} left`;
    place.classList.toggle("over", left < 0);
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("textarea[data-unit]")) count(event.target);
    if (event.target.matches("textarea[id]")) keep(event.target);
  });

  // --- what is being written outlives a log-in that ended: in this tab, for the same person, until it is sent -----
  const drafts = `draft ${me()} ${location.pathname} `;

  function keep(box) {
    if (box.value) sessionStorage.setItem(drafts + box.id, box.value);
    else sessionStorage.removeItem(drafts + box.id);
  }

  function forgetDrafts() {
    for (const key of Object.keys(sessionStorage)) if (key.startsWith(drafts)) sessionStorage.removeItem(key);
  }

  function takeUpDrafts() {
    for (const box of all("textarea[id]")) {
      const draft = sessionStorage.getItem(drafts + box.id);
      if (!draft || box.value) continue;
      box.value = draft;
      box.closest("details")?.setAttribute("open", "");
    }
  }

  // --- courtesies -------------------------------------------------------------------------------------------------
  // What somebody is choosing is not overwritten by news; saving is: then the server's answer counts.
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-change]");
    form?.classList.add("changed");
    form?.setAttribute("hx-morph-skip", "");
  });
  document.addEventListener("htmx:before:request", (event) => event.target.removeAttribute?.("hx-morph-skip"));
  document.addEventListener("click", (event) => {
    const name = event.target.closest("[data-opens]")?.dataset.opens;
    if (name) document.getElementById(name)?.showModal();
  });
  let leaving = false;
  // Until it is answered a form is not sent again: a second click would take the next case, write the note twice.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
    form.dataset.sent = "1";
  }, true);
  const answered = (form) => form.removeAttribute?.("data-sent");
  document.addEventListener("htmx:finally:request", (event) => answered(event.target));
  window.addEventListener("pageshow", (event) => event.persisted && all("form[data-sent]").forEach(answered));
  document.addEventListener("htmx:error", (event) => {
    if (!event.target.matches?.("form")) return;
    leaving = false;
    tell("Not sent: there is no connection. What you wrote is still here.", false);
  });
  document.addEventListener("submit", (event) => {
    leaving = true;
    if (event.target.matches('[action="/logout"]')) sessionStorage.clear();
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && all("textarea").some((box) => box.value !== box.defaultValue)) event.preventDefault();
  });

  const streaming = (on) => one("#live")?.classList.toggle("on", on);
  document.addEventListener("htmx:sse:after:connection", () => streaming(true));
  for (const name of ["htmx:sse:error", "htmx:sse:close"]) document.addEventListener(name, () => streaming(false));
  document.addEventListener("htmx:after:swap", () => {
    leaving = false;
    if (chosen) choose(chosenRow(), { scroll: false });
    all("textarea[data-unit]").forEach(count);
    all("textarea[id]").forEach(keep);
  });

  const done = new URLSearchParams(location.search).has("done");
  if (done) forgetDrafts();
  takeUpDrafts();
  all("textarea[data-unit]").forEach(count);
  if (location.hash === "#reply") one("#reply")?.focus();
  if (done) {
    const clean = new URL(location.href);
    clean.searchParams.delete("done");
    history.replaceState(null, "", clean);
  }
  document.documentElement.dataset.keys = "on"; // from here on no key is lost
})();

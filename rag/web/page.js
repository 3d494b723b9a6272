// What the browser does by itself: markers lead to cards, quotes show on hover, buttons within drawn
// HTML send events to Python, files can be dropped. Text reaches the page as text, never as HTML.
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const COOKIE = "tanwen_language";
  const chosen = document.cookie.match(/(?:^|; )tanwen_language=(zh|en)/)?.[1];
  let newest = "";
  let active = "";

  // Gradio takes its own words by the browser's language, before it draws anything.
  if (chosen) {
    Object.defineProperty(navigator, "language", { get: () => (chosen === "zh" ? "zh-CN" : "en") });
  }
  speak(navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");

  function speak(language) {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  }

  function send(act, detail = {}) {
    document.dispatchEvent(new CustomEvent(`tanwen:${act}`, { detail }));
  }

  function show(element) {
    document.querySelectorAll(".target").forEach((old) => old.classList.remove("target"));
    element.classList.add("target");
    const words = element.querySelector("details.words");
    if (words) words.open = true;
    element.focus({ preventScroll: true });
    element.scrollIntoView({ block: "center", behavior: calm.matches ? "auto" : "smooth" });
  }

  // The page redraws a turn as it grows and drops classes set here, so they are set again each time.
  function mark() {
    const turns = [...document.querySelectorAll(".turn")];
    const last = turns.at(-1);
    const grown = Boolean(last) && last.id !== newest;
    newest = last ? last.id : "";
    if (grown || !turns.some((turn) => turn.id === active)) active = newest;
    turns.forEach((turn) => turn.classList.toggle("active", turn.id === active));
    if (grown) last.scrollIntoView({ block: "start", behavior: calm.matches ? "auto" : "smooth" });
  }

  const peek = Object.assign(document.createElement("div"), { id: "peek", hidden: true });
  peek.setAttribute("role", "tooltip");

  function showQuote(marker) {
    const card = document.getElementById(marker.dataset.goto);
    const quote = card?.querySelector("mark")?.textContent;
    if (!quote) return;
    const home = document.querySelector(".gradio-container");
    if (peek.parentElement !== home) home.append(peek);
    peek.textContent = quote.length > 220 ? `${quote.slice(0, 219)}…` : quote;
    peek.hidden = false;
    const at = marker.getBoundingClientRect();
    const left = Math.min(at.left, innerWidth - peek.offsetWidth - 16);
    const above = at.top - peek.offsetHeight - 10;
    peek.style.left = `${Math.max(16, left)}px`;
    peek.style.top = `${above > 64 ? above : at.bottom + 10}px`;
    marker.setAttribute("aria-describedby", "peek");
  }

  function hideQuote() {
    peek.hidden = true;
  }

  async function copy(button) {
    const said = button.closest(".turn").querySelector(".said");
    const lines = [...said.querySelectorAll("p")].map((line) => {
      const plain = line.cloneNode(true);
      plain.querySelectorAll(".marker").forEach((m) => m.replaceWith(`[${m.textContent}]`));
      return (line.classList.contains("item") ? "- " : "") + plain.textContent;
    });
    await write(lines.join("\n\n"));
    button.classList.add("done");
    const hint = button.title;
    button.title = button.dataset.done;
    button.setAttribute("aria-label", button.dataset.done);
    setTimeout(() => {
      button.classList.remove("done");
      button.title = hint;
      button.setAttribute("aria-label", hint);
    }, 1600);
  }

  // Over plain http from another machine there is no clipboard object.
  async function write(text) {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const box = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
  }

  function vote(button) {
    const actions = button.closest(".actions");
    actions.querySelectorAll("[aria-pressed]").forEach((b) => b.setAttribute("aria-pressed", b === button));
    actions.querySelector(".thanks").hidden = true;
    const form = actions.querySelector("form");
    form.hidden = false;
    form.dataset.vote = button.dataset.act;
    form.querySelector("input").focus();
    send("vote", { turn: button.dataset.turn, vote: button.dataset.act });
  }

  function switchLanguage() {
    const next = document.documentElement.lang === "en" ? "zh" : "en";
    document.cookie = `${COOKIE}=${next}; path=/; max-age=31536000; samesite=lax`;
    speak(next);
    send("language");
  }

  // A second click within four seconds removes.
  function remove(button) {
    if (button.classList.contains("sure")) {
      button.disabled = true;
      return send("remove", { document: button.dataset.document, stamp: button.dataset.stamp });
    }
    const plain = button.textContent;
    button.classList.add("sure");
    button.textContent = button.dataset.sure;
    setTimeout(() => {
      button.classList.remove("sure");
      button.textContent = plain;
    }, 4000);
  }

  const ACTS = {
    copy,
    vote,
    up: vote,
    down: vote,
    again: () => send("again"),
    export: () => send("export"),
    language: switchLanguage,
    remove,
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) ACTS[button.dataset.act]?.(button);
    const turn = event.target.closest(".turn");
    if (turn) {
      active = turn.id;
      mark();
    }
    const link = event.target.closest("[data-goto]");
    const goal = link && document.getElementById(link.dataset.goto);
    if (goal) {
      hideQuote();
      show(goal);
    }
  });

  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form.comment");
    if (!form) return;
    event.preventDefault();
    send("vote", {
      turn: form.dataset.turn,
      vote: form.dataset.vote,
      comment: form.querySelector("input").value,
    });
    form.hidden = true;
  });

  // Thanks come once a comment is kept.
  document.addEventListener("tanwen:kept", ({ detail: kept }) => {
    const thanks = document.querySelector(`#${kept.turn} .thanks`);
    if (thanks && kept.comment) thanks.hidden = false;
  });

  for (const [come, go] of [["mouseover", "mouseout"], ["focusin", "focusout"]]) {
    document.addEventListener(come, (event) => {
      const marker = event.target.closest?.("button.marker");
      if (marker) showQuote(marker);
    });
    document.addEventListener(go, (event) => {
      if (event.target.closest?.("button.marker")) hideQuote();
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideQuote();
  });
  addEventListener("scroll", hideQuote, { passive: true, capture: true });

  // Files: judged before they are sent, since the server would only cut them off.
  function findFault(input) {
    const { most, megabytes } = document.querySelector("#hint .hint").dataset;
    const kinds = input.accept.split(",").map((kind) => kind.trim().toLowerCase());
    if (input.files.length > Number(most)) return { reason: "bad_count" };
    for (const { name, size } of input.files) {
      if (!kinds.some((kind) => name.toLowerCase().endsWith(kind))) return { name, reason: "bad_kind" };
      if (size > Number(megabytes) * 1024 * 1024) return { name, reason: "bad_size" };
    }
    return null;
  }

  // Until the page has something to tell of the files.
  function showSending() {
    const sending = document.querySelector("#hint .sending");
    sending.hidden = false;
    const told = new MutationObserver(() => {
      sending.hidden = true;
      told.disconnect();
    });
    told.observe(document.querySelector("#told"), { childList: true, subtree: true });
  }

  document.addEventListener(
    "change",
    (event) => {
      const input = event.target;
      if (input.type !== "file" || !input.closest("#drop")) return;
      const fault = findFault(input);
      if (!fault) return showSending();
      event.stopImmediatePropagation();
      input.value = "";
      send("unfit", fault);
    },
    true,
  );

  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const zone = event.target.closest?.("#drop");
      if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
      document.querySelector("#drop")?.classList.toggle("over", Boolean(zone) && name === "dragover");
      const input = zone?.querySelector("input[type=file]");
      if (name !== "drop" || !input || !event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  new MutationObserver(mark).observe(document.documentElement, {
    childList: true,
    characterData: true,
    subtree: true,
  });
})();

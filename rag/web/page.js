// A marker leads to its card and a card back to its answer; the newest turn shows its sources.
(() => {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  let newest = "";
  let active = "";

  function show(element) {
    document.querySelectorAll(".target").forEach((old) => old.classList.remove("target"));
    element.classList.add("target");
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

  document.addEventListener("click", (event) => {
    const turn = event.target.closest(".turn");
    if (!turn) return;
    active = turn.id;
    mark();
    const link = event.target.closest("[data-goto]");
    const goal = link && document.getElementById(link.dataset.goto);
    if (goal) show(goal);
  });

  document.documentElement.lang = navigator.language.startsWith("zh") ? "zh-CN" : "en";
  new MutationObserver(mark).observe(document.documentElement, {
    childList: true,
    characterData: true,
    subtree: true,
  });
})();

// Sorts, filters and unfolds the table of questions; the page reads well without it too.
const table = document.getElementById("questions");
const rows = [...table.tBodies];
const words = document.getElementById("words");
const order = document.getElementById("order");
const fields = [...document.querySelectorAll("select[data-field]")];
const heads = [...table.querySelectorAll("th button")];
const numbers = new Set(["n", "rank", "chars", "ask"]);
const collator = new Intl.Collator("zh", { numeric: true });
let sorted = { key: "n", down: false };

function compare(a, b) {
  const [x, y] = [a.dataset[sorted.key], b.dataset[sorted.key]];
  const found = numbers.has(sorted.key) ? x - y : collator.compare(x, y);
  return (sorted.down ? -found : found) || a.dataset.n - b.dataset.n;
}

function sortBy(key) {
  sorted = { key, down: sorted.key === key && !sorted.down };
  table.append(...rows.sort(compare));
  order.value = key;
  for (const head of heads) {
    const state = head.dataset.key !== key ? "none" : sorted.down ? "descending" : "ascending";
    head.parentElement.setAttribute("aria-sort", state);
  }
}

function filter() {
  const wanted = words.value.trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    const fits = fields.every((f) => !f.value || row.dataset[f.dataset.field] === f.value);
    row.hidden = !(fits && row.textContent.toLowerCase().includes(wanted));
    count += !row.hidden;
  }
  const all = count === rows.length;
  document.getElementById("shown").textContent = `${all ? "" : `${count} of `}${rows.length} questions`;
}

for (const head of heads) head.addEventListener("click", () => sortBy(head.dataset.key));
for (const field of fields) field.addEventListener("change", filter);
order.addEventListener("change", () => sortBy(order.value));
words.addEventListener("input", filter);
table.addEventListener("click", (event) => {
  const row = event.target.closest("tr.head");
  if (!row || String(getSelection())) return;
  const detail = row.nextElementSibling;
  detail.hidden = !detail.hidden;
  row.querySelector("[aria-expanded]").setAttribute("aria-expanded", String(!detail.hidden));
});

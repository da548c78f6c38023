// What the queue and the hand do beyond plain links and forms. Both work without this.

const TOAST_MS = 8_000, GONE_MS = 10_000;
const byId = (id) => document.getElementById(id);

// What opens for words takes the cursor; a list of reasons leaves it, so that its keys work.
document.addEventListener("toggle", ({ target }) => {
  if (target.open) target.querySelector("[data-first]")?.focus({ preventScroll: true });
}, true);

// A refusal may bring the request as it stands now; any other 403 is not for this place.
document.body.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { xhr } = detail;
  if (xhr.status !== 403 || !xhr.getResponseHeader("X-Placet-Panel")) return;
  detail.shouldSwap = true;
  detail.isError = false;
});

// The row of the request that stands beside the list is the current one.
document.body.addEventListener("htmx:afterSettle", () => {
  const beside = byId("detail")?.dataset.item;
  for (const row of document.querySelectorAll("#queue .row")) {
    row.toggleAttribute("data-current", row.dataset.item === beside);
  }
});

// What is said in passing goes by itself, and so does a row that is decided.
document.body.addEventListener("htmx:oobAfterSwap", ({ detail: { target } }) => {
  const come = byId(target.id);
  if (come?.id === "toasts") setTimeout(() => come.replaceChildren(), TOAST_MS);
  if (!come?.matches(".row[data-gone]")) return;
  setTimeout(() => come.contains(document.activeElement) || come.remove(), GONE_MS);
});

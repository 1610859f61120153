// Keeps the parts marked data-live as the server has them; the pages work without it.
"use strict";
const SECONDS = 1;
const parts = () => document.querySelectorAll("[data-live]");

function isInUse(part) {
  const edited = [...part.querySelectorAll("select")].some(
    (one) => ![...one.options].some((option) => option.selected && option.defaultSelected),
  );
  return part.contains(document.activeElement) || edited;
}

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href);
  if (!answer.ok || answer.redirected) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of parts()) {
    const next = fresh.querySelector(`[data-live="${part.dataset.live}"]`);
    if (next && next.innerHTML !== part.innerHTML && !isInUse(part)) part.replaceWith(next);
  }
}

async function keepFresh() {
  try {
    await refresh();
  } catch {
    // the sandbox is busy or gone; the next time shows
  }
  setTimeout(keepFresh, SECONDS * 1000);
}

if (parts().length && !document.querySelector("[inert]")) setTimeout(keepFresh, SECONDS * 1000);

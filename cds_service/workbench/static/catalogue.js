// The search works without this script, which updates the results while one types.
"use strict";
(() => {
  const form = document.querySelector("form[data-find]");
  const found = document.getElementById("found");
  const field = form.elements.q;
  let waiting = 0;
  let asked = 0;

  async function find() {
    const number = ++asked;
    const address = field.value.trim() ? `${form.action}?${new URLSearchParams({ q: field.value })}` : form.action;
    const response = await fetch(address);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById("found");
    if (number !== asked || !fresh) return;
    found.replaceChildren(...fresh.childNodes);
    history.replaceState(null, "", address);
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => find().catch(() => form.submit()), 120);
  });
})();

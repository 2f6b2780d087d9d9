"use strict";
// Hides the items that lack a typed word. Without JavaScript the filter is hidden and everything is shown.
for (const box of document.querySelectorAll(".filter")) {
  const input = box.querySelector("input");
  const told = box.querySelector("output");
  const items = [...document.querySelectorAll(input.dataset.filter)];
  const groups = [...new Set(items.map((item) => item.closest(".group")).filter(Boolean))];
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      item.hidden = !words.every((word) => text.includes(word));
      shown += item.hidden ? 0 : 1;
    }
    for (const group of groups) {
      const some = items.some((item) => !item.hidden && group.contains(item));
      group.hidden = !some;
      if (group.matches("details")) group.open = words.length > 0 && some;
    }
    told.textContent = words.length ? `${shown} of ${items.length}` : "";
  };
  input.addEventListener("input", apply);
  box.hidden = false;
}
// A link to an entry opens its collapsed codes.
const opened = () => document.getElementById(decodeURIComponent(location.hash.slice(1)))?.querySelector(":scope > details")?.setAttribute("open", "");
addEventListener("hashchange", opened);
opened();

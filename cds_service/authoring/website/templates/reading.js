"use strict";
// Gives each block of code a button that copies it; the text can also be selected by hand.
for (const block of document.querySelectorAll("pre")) {
  const frame = document.createElement("div");
  const button = document.createElement("button");
  frame.className = "code";
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(block);
    try {
      await navigator.clipboard.writeText(block.textContent);
      getSelection().removeAllRanges();
      button.textContent = "Copied";
    } catch {
      // This page has no clipboard (plain http), but the selection can be copied with the keyboard.
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.before(frame);
  frame.append(block, button);
}
// On a wide screen the contents are open beside the text.
const contents = document.querySelector("details.contents");
if (contents) {
  const wide = matchMedia("(min-width: 75rem)");
  const fit = () => { contents.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();
}

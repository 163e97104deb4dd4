// Owns the place of who works by keyboard: a button that goes with what it did leaves the focus to the room it stood in.

/**
 * Asked for as a dialog opens; what it gives is called when something was done by that dialog. Whoever has gone elsewhere
 * since, with the focus or by a click, is left there.
 */
export function foothold() {
  const at = document.activeElement;
  const room = at.closest(".panel, .list");
  const main = at.closest("main");
  return () => {
    if (!main) return;
    const watched = new MutationObserver(() => {
      if (document.querySelector("dialog[open]") || document.activeElement === at) return;
      watched.disconnect();
      if (at.isConnected || document.activeElement !== document.body) return;
      const next = room?.isConnected ? room : main.querySelector(".list");
      if (!next) return;
      if (!next.hasAttribute("tabindex")) next.tabIndex = -1;
      next.focus({ preventScroll: true });
    });
    watched.observe(main, { childList: true, subtree: true });
  };
}

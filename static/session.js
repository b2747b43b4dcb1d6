// Says five minutes before a session ends that it will; the time itself stands on the page without this.
document.addEventListener("DOMContentLoaded", () => {
  const end = document.getElementById("session-end");
  const soon = document.getElementById("session-soon");
  if (!end || !soon) return;
  setTimeout(() => {
    soon.hidden = false;
    soon.textContent = end.dataset.soon;
  }, Math.max(0, Number(end.dataset.seconds) - 300) * 1000);
});

// Shows what needs this script, where the browser knows passkeys, and says when one was not used.
document.addEventListener("DOMContentLoaded", () => {
  if (!window.PublicKeyCredential) return;
  document.querySelectorAll(".script-only").forEach((part) => part.classList.remove("script-only"));
});
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  document.getElementById("passkey-failed").hidden = false;
});

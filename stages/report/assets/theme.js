/* Light, dark or as the system has it; kept for the next visit where the browser allows it. */
"use strict";

(function () {
  const ORDER = ["system", "light", "dark"];
  const KEY = "lesionmap-theme";
  let theme = "system";

  try {
    theme = localStorage.getItem(KEY) || "system";
  } catch (error) {
    /* a browser that keeps nothing for files on disk */
  }

  function apply() {
    document.documentElement.dataset.theme = ORDER.includes(theme) ? theme : "system";
    const button = document.getElementById("theme");
    if (button) button.textContent = "Theme: " + document.documentElement.dataset.theme;
  }

  apply();
  document.addEventListener("DOMContentLoaded", function () {
    apply();
    document.getElementById("theme").addEventListener("click", function () {
      theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
      try {
        localStorage.setItem(KEY, theme);
      } catch (error) {
        /* as above */
      }
      apply();
    });
  });
})();

// Runs before the first paint. It sets the theme, names the language of the page and, where its texts
// still have to be fetched, keeps the page from flashing in English: never longer than two seconds.
(function () {
  var html = document.documentElement;
  function saved(key) {
    try {
      return localStorage.getItem(key);
    } catch (blocked) {
      return null;
    }
  }

  var theme = saved("theme");
  if (theme !== "light" && theme !== "dark") {
    theme = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  html.classList.add(theme);
  html.style.colorScheme = theme;

  // Reflex would send every error of the page to the server by an event that the portal refuses at its door
  // (any browser could fill the log with it); the person would read a refusal of something they never asked.
  ["onerror", "onunhandledrejection"].forEach(function (name) {
    Object.defineProperty(window, name, {
      get: function () {
        return null;
      },
      set: function () {},
    });
  });

  var known = ["en", "uk", "es"];
  var locale = saved("locale");
  if (known.indexOf(locale) < 0) {
    locale = "en";
    var wanted = navigator.languages || [navigator.language];
    for (var i = 0; i < wanted.length; i++) {
      var language = wanted[i].toLowerCase().split("-")[0];
      if (known.indexOf(language) >= 0) {
        locale = language;
        break;
      }
    }
  }
  html.lang = locale;
  if (locale !== "en") {
    html.classList.add("awaiting-text");
    setTimeout(function () {
      html.classList.remove("awaiting-text");
    }, 2000);
  }
})();

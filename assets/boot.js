// Runs before the first paint: names the language of the page and, where its texts still have to be
// fetched, keeps the page from flashing in English. It never waits longer than two seconds.
(function () {
  var html = document.documentElement;
  var known = ["en", "uk", "es"];
  var locale = null;
  try {
    locale = localStorage.getItem("locale");
  } catch (blocked) {
    /* the browser's preference decides */
  }
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

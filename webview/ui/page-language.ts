/**
 * Must be loaded before uPlot, which formats numbers in the browser's language and fails to load where that is a name that
 * Intl does not take, as in a browser started with LANG=POSIX. The pages themselves are in English.
 */
try {
  new Intl.NumberFormat(navigator.language);
} catch {
  Object.defineProperty(navigator, 'language', { value: 'en' });
}

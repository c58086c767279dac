/** Sheets as the bundler gives them. Whether a class exists is held by test/webview/styles.test.ts, which reads sheets and components. */
declare module '*.module.css' {
  const styles: Readonly<Record<string, string>>;
  export default styles;
}
declare module '*.css' {}

/** The look of an exported page: light, dark and on paper, without anything that is not in the page. */
export const pageStyle = `
:root { color-scheme: light dark; --ground: #fff; --text: #1f1f1f; --dim: #5c5c5c; --line: #8a8a8a; --mark: #fff3c4; --link: #0055aa; --bad: #b3261e; --good: #19682f; }
@media (prefers-color-scheme: dark) { :root { --ground: #1f1f1f; --text: #e4e4e4; --dim: #a8a8a8; --line: #7d7d7d; --mark: #4a3f12; --link: #79b8ff; --bad: #ff9088; --good: #79d293; } }
@media print { :root { color-scheme: light; --ground: #fff; --text: #000; --dim: #444; --line: #777; --mark: #fff3c4; --link: #000; --bad: #8c1d18; --good: #14532d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 24px 16px; max-width: 60rem; background: var(--ground); color: var(--text); font: 15px/1.55 system-ui, sans-serif; }
h1 { font-size: 20px; margin: 0 0 4px; }
h2 { font-size: 16px; margin: 0 0 4px; }
h3 { font-size: 12px; margin: 16px 0 4px; color: var(--dim); font-weight: 600; }
p { margin: 4px 0; }
a { color: var(--link); overflow-wrap: anywhere; }
code, .mono { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.dim { color: var(--dim); }
section { margin-top: 24px; }
.wide { overflow-x: auto; }
.wide table { font-size: 12px; }
.wide :is(th, td) { white-space: nowrap; padding-right: 8px; }
summary { cursor: pointer; overflow-wrap: anywhere; }
article { border-top: 1px solid var(--line); margin-top: 24px; padding-top: 16px; }
.text { white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate; }
ul.options { list-style: none; margin: 4px 0; padding: 0; }
ul.frames { list-style: none; margin: 4px 0; padding: 0; display: flex; flex-wrap: wrap; gap: 8px; }
ul.frames li { font-size: 11px; color: var(--dim); }
ul.frames img { display: block; min-width: 56px; max-width: 100%; border: 1px solid var(--line); image-rendering: auto; }
mark { color: inherit; background: none; text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 3px; }
mark .tier { font-size: 11px; color: var(--dim); margin-right: 3px; }
mark.t1 { text-decoration-style: dotted; color: var(--dim); }
mark.t2 { text-decoration-style: dashed; }
mark.t3, mark.t4, mark.t5 { background: var(--mark); }
mark.t4 { text-decoration-style: double; }
mark.t5 { text-decoration-thickness: 3px; }
.right { color: var(--good); font-weight: 600; }
.wrong { color: var(--bad); font-weight: 600; }
table { border-collapse: collapse; margin: 4px 0; }
th, td { text-align: left; vertical-align: top; padding: 2px 12px 2px 0; border-bottom: 1px solid var(--line); }
@media (max-width: 40rem) { th, td:not(.num) { overflow-wrap: anywhere; } }
td.num, th.num { text-align: right; font-variant-numeric: tabular-nums; }
@media print { article { break-before: page; } article:first-of-type { break-before: auto; } tr, li { break-inside: avoid; } }
`;

/** The report's style sheet: one set of roles, with steps for light and for dark surfaces. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --page: #f9f9f7; --card: #fcfcfb; --ink: #0b0b0b; --ink-2: #52514e; --muted: #8a897f;
  --line: #e1e0d9; --axis: #c3c2b7; --border: rgba(11, 11, 11, 0.1);
  --series-0: #2a78d6; --series-1: #eb6834; --series-2: #1baf7a; --series-3: #4a3aa7; --series-4: #e87ba4;
  --on-accent: #ffffff;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d0d0d; --card: #1a1a19; --ink: #ffffff; --ink-2: #c3c2b7; --muted: #8f8e86;
    --line: #2c2c2a; --axis: #45443f; --border: rgba(255, 255, 255, 0.1);
    --series-0: #3987e5; --series-1: #d95926; --series-2: #199e70; --series-3: #9085e9; --series-4: #d55181;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif;
}
main { max-width: 1120px; margin: 0 auto; padding: 40px 24px 64px; }
header { margin-bottom: 24px; }
header p { margin: 4px 0 0; color: var(--ink-2); }
h1 { font-size: 28px; line-height: 1.2; margin: 0; font-weight: 650; letter-spacing: -0.01em; }
h2 { font-size: 18px; margin: 44px 0 14px; font-weight: 620; }
h3 { font-size: 14px; margin: 0 0 8px; font-weight: 600; }
.hint { color: var(--ink-2); margin: -8px 0 14px; max-width: 75ch; }
.card { background: var(--card); border: 1px solid var(--border); border-radius: 10px; padding: 16px 18px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(176px, 1fr)); gap: 12px; margin-top: 24px; }
.tile .value { font-size: 22px; white-space: nowrap; font-weight: 620; line-height: 1.2; letter-spacing: -0.01em; }
.tile .label { color: var(--ink-2); font-size: 13px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); gap: 16px; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { fill: var(--ink-2); font: 11.5px system-ui, -apple-system, "Segoe UI", sans-serif; }
svg .value { fill: var(--ink); }
svg .muted { fill: var(--muted); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .axis { stroke: var(--axis); stroke-width: 1; }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .hit { fill: transparent; }
svg .hit:hover { fill: var(--ink); fill-opacity: 0.06; }
svg .cell:hover { stroke: var(--ink); stroke-width: 1.5; }
svg .on { fill: var(--on-accent); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; color: var(--ink-2); font-size: 13px; margin: 0 0 8px; }
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; vertical-align: -1px;
  border: 1px solid var(--border); }
.gallery { display: grid; gap: 14px; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); }
figure { margin: 0; }
figcaption { display: flex; justify-content: space-between; gap: 12px; margin-bottom: 8px; font-size: 13px; color: var(--ink-2); }
figcaption b { color: var(--ink); font-weight: 600; overflow-wrap: anywhere; }
.triple { display: grid; grid-template-columns: repeat(3, 1fr); gap: 8px; }
.triple img { width: 100%; display: block; border-radius: 6px; background: var(--line); }
.triple span { display: block; font-size: 12px; color: var(--ink-2); padding-top: 3px; }
.rows { display: grid; gap: 14px; }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(128px, 1fr)); gap: 8px; }
.strip img { width: 100%; display: block; border-radius: 6px; background: var(--line); }
.strip span { display: block; font-size: 12px; color: var(--ink-2); padding-top: 3px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--ink-2); }
td, th { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; padding-right: 18px; white-space: nowrap; }
details summary { cursor: pointer; color: var(--ink-2); }
.columns { columns: 2 340px; column-gap: 32px; }
.columns tr { break-inside: avoid; }
footer { margin-top: 48px; color: var(--muted); font-size: 13px; }
@media (max-width: 560px) { main { padding: 24px 14px 48px; } }
`;

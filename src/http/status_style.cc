#include "http/status_style.h"

namespace credential_broker::http {

const std::string_view kStatusStyle = R"css(
:root {
  color-scheme: light dark;
  --paper: #f7f6f2; --card: #ffffff; --ink: #1f1f1c; --soft: #63625c; --line: #e2e0d8;
  --track: #ebe9e1; --spent: #c9c5b8; --good: #17693f; --warn: #835400; --bad: #ab2118;
  --good-tint: #e4f1e9; --warn-tint: #faf0da; --bad-tint: #fbe8e5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #141517; --card: #1c1e21; --ink: #e9e7e1; --soft: #a5a39c; --line: #2e3135;
    --track: #2a2d31; --spent: #4b4f55; --good: #74d3a0; --warn: #ecc069; --bad: #ff9a8f;
    --good-tint: #1a3327; --warn-tint: #382d15; --bad-tint: #3f2220;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 ui-sans-serif, system-ui, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums;
}
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.5rem 4rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; margin-bottom: 2.25rem; }
h1 { font-size: 1.5rem; font-weight: 650; letter-spacing: -.015em; margin: 0; }
header p { margin: 0; color: var(--soft); flex-basis: 100%; }
h2 {
  font-size: .75rem; font-weight: 600; letter-spacing: .08em; text-transform: uppercase;
  color: var(--soft); margin: 2.5rem 0 .75rem;
}
h3 { font-size: 1.0625rem; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.25rem 1.5rem; }
.credential { margin-bottom: 1rem; }
.name { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; }
.version { color: var(--soft); font-size: .8125rem; margin-left: auto; }
code { font: .8125rem ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.state { font-size: .8125rem; font-weight: 600; padding: .1rem .65rem; border-radius: 1rem; }
.good { color: var(--good); background: var(--good-tint); }
.warn { color: var(--warn); background: var(--warn-tint); }
.bad { color: var(--bad); background: var(--bad-tint); }
.life { position: relative; height: 10px; border-radius: 5px; background: var(--track); margin: 1.35rem 0 .5rem; }
.spent { position: absolute; inset: 0 auto 0 0; border-radius: 5px 0 0 5px; background: var(--spent); }
.now { position: absolute; top: -4px; width: 3px; height: 18px; margin-left: -1px; border-radius: 2px; background: var(--ink); }
.refresh { position: absolute; top: -1px; width: 12px; height: 12px; margin-left: -6px; border-radius: 50%; background: var(--card); border: 3px solid var(--good); }
.scale { position: relative; display: flex; justify-content: space-between; font-size: .8125rem; color: var(--soft); }
.scale .planned { position: absolute; transform: translateX(-50%); color: var(--good); white-space: nowrap; }
.note { margin: 1rem 0 0; color: var(--soft); }
dl { display: flex; flex-wrap: wrap; gap: .75rem 2.75rem; margin: 1.25rem 0 0; }
dt { font-size: .8125rem; color: var(--soft); }
dd { margin: 0; font-size: 1.0625rem; }
dd small { font-size: .8125rem; color: var(--soft); }
.spark { display: inline-flex; align-items: flex-end; gap: 1px; height: 1.05rem; vertical-align: baseline; }
.spark i { width: 3px; min-height: 2px; background: var(--spent); }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; font-size: .8125rem; font-weight: 500; color: var(--soft); padding: 0 1rem .4rem 0; }
td { padding: .45rem 1rem .45rem 0; border-top: 1px solid var(--line); vertical-align: top; }
th { white-space: nowrap; }
tr:last-child td { padding-bottom: 0; }
bdi, code, .what { overflow-wrap: anywhere; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
.when { white-space: nowrap; color: var(--soft); }
.errors { margin-top: 1.25rem; font-size: .875rem; }
footer { margin-top: 2.5rem; font-size: .8125rem; color: var(--soft); }
@media (max-width: 40rem) { .scale .planned { display: none; } .version { margin-left: 0; } .card { padding: 1rem; } }
)css";

}  // namespace credential_broker::http

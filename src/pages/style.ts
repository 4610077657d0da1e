/**
 * Colors of both schemes. Text pairs reach 4.5:1, borders of controls and focus rings 3:1 (WCAG 2.2, 1.4.3 and 1.4.11);
 * test/pages/contrast.test.ts computes them.
 */
export const PALETTE = {
  light: {
    page: '#eef1f0',
    glow: '#e4ebe8',
    card: '#ffffff',
    ink: '#18211f',
    soft: '#55625e',
    line: '#d5dcd9',
    edge: '#7b8984',
    go: '#17614f',
    'go-ink': '#ffffff',
    calm: '#17614f',
    'calm-bg': '#e2f0eb',
    care: '#7d4a00',
    'care-bg': '#fbefd9',
    stop: '#9b2336',
    'stop-bg': '#fbe7e9',
  },
  dark: {
    page: '#0d1211',
    glow: '#141c1a',
    card: '#1d2725',
    ink: '#e8eeec',
    soft: '#a3b1ac',
    line: '#33403c',
    edge: '#7d8c87',
    go: '#84d6bd',
    'go-ink': '#06231b',
    calm: '#84d6bd',
    'calm-bg': '#1d3a32',
    care: '#f0c070',
    'care-bg': '#3a2d15',
    stop: '#f5a3ad',
    'stop-bg': '#41212a',
  },
} as const

function variables(colors: Readonly<Record<string, string>>): string {
  return Object.entries(colors)
    .map(([name, color]) => `--${name}:${color}`)
    .join(';')
}

// WHY: one sheet for all pages, so that one hash in the policy covers them all; style attributes are never used.
/** The only style sheet; every page carries exactly these bytes. */
export const STYLE: string = `:root{color-scheme:light dark;--font:system-ui,"Noto Sans",sans-serif;${variables(PALETTE.light)}}
@media(prefers-color-scheme:dark){:root{${variables(PALETTE.dark)}}}
*{box-sizing:border-box}
body{margin:0;min-height:100svh;display:flex;flex-direction:column;align-items:center;gap:1.5rem;padding:1.5rem 1rem;position:relative;isolation:isolate;background:var(--page);color:var(--ink);font:1rem/1.55 var(--font);overflow-wrap:anywhere}
body::before{content:"";position:absolute;z-index:-1;inset:4rem 0 0;margin-inline:auto;max-width:52rem;border-radius:26rem 26rem 0 0;background:var(--glow)}
header,main,footer{width:100%;max-width:29rem}
.wide main,.wide header,.wide footer{max-width:44rem}
main{margin-block:auto}
h1,h2,p,ul,ol,dl,dd{margin:0}
h1{font-size:1.5rem;line-height:1.25;letter-spacing:-.01em;text-wrap:balance}
h1:focus{outline:0}
h2{font-size:1.1rem;line-height:1.3}
ul,ol{padding:0;list-style:none}
a{color:var(--calm);text-underline-offset:.2em}
header{text-align:center;font-weight:600}
header a,header span{display:inline-block;min-height:1.75rem;padding:.15rem .5rem;color:inherit;text-decoration:none;border-radius:.5rem}
header a:hover{text-decoration:underline}
.card{background:var(--card);border:1px solid var(--line);border-radius:1.25rem;padding:2rem;display:grid;gap:1rem;box-shadow:0 1px 2px rgb(0 0 0/.05),0 1rem 2.5rem -1.25rem rgb(0 0 0/.25)}
.card+.card{margin-top:1rem}
.card>*{min-width:0}
.door{width:3.5rem;height:4.25rem;display:grid;place-items:center;border-radius:1.75rem 1.75rem .5rem .5rem;color:var(--calm);background:var(--calm-bg)}
.care .door{color:var(--care);background:var(--care-bg)}
.stop .door{color:var(--stop);background:var(--stop-bg)}
svg{width:1.75rem;height:1.75rem;fill:none;stroke:currentColor;stroke-width:1.75;stroke-linecap:round;stroke-linejoin:round}
.soft,small,.who{color:var(--soft)}
small,.small{font-size:.875rem}
.who{border-block-start:1px solid var(--line);padding-block-start:1rem;font-size:.9375rem}
.list{display:grid;gap:.5rem}
.apart{gap:1.25rem}
.bits{display:flex;flex-wrap:wrap;gap:.5rem}
.dots{list-style:disc}
.steps{list-style:decimal}
.dots,.steps{display:grid;gap:.35rem;padding-inline-start:1.25rem}
.do{display:flex;flex-wrap:wrap;gap:.625rem}
.do>*{flex:1 1 auto}
.button{display:flex;align-items:center;justify-content:center;gap:.75rem;width:100%;min-height:2.75rem;padding:.5rem 1.125rem;border:1px solid var(--edge);border-radius:.75rem;background:transparent;color:var(--ink);font:inherit;font-weight:600;line-height:1.3;text-align:center;text-decoration:none;cursor:pointer}
.button:hover{background:var(--glow)}
.go{background:var(--go);border-color:var(--go);color:var(--go-ink)}
.go:hover{background:var(--go);box-shadow:0 0 0 2px var(--card),0 0 0 4px var(--go)}
.slim{width:auto;min-height:2.25rem;padding:.25rem .875rem;font-size:.875rem}
.way{justify-content:flex-start;text-align:start}
.mark{flex:none;width:1.75rem;height:1.75rem;display:grid;place-items:center;border-radius:.875rem .875rem .25rem .25rem;background:var(--calm-bg);color:var(--calm);font-size:.875rem}
:focus-visible{outline:3px solid var(--calm);outline-offset:2px}
.or{display:flex;align-items:center;gap:.75rem;color:var(--soft)}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line)}
input,select{font:inherit;accent-color:var(--go)}
input[type=checkbox]{width:1.5rem;height:1.5rem;margin:0;flex:none}
.keep{display:grid;grid-template-columns:auto 1fr;align-items:center;gap:.875rem .625rem}
.keep label{padding-block:.25rem}
.keep ul{grid-column:1/-1}
.on,#remember:checked~.off{display:none}
#remember:checked~.on{display:grid}
.field{display:grid;gap:.35rem}
.field label{font-weight:600}
.text{width:100%;min-height:2.75rem;padding:.5rem .75rem;border:1px solid var(--edge);border-radius:.75rem;background:var(--page);color:var(--ink)}
.note{padding:.75rem 1rem;border-radius:.75rem;background:var(--calm-bg)}
.note.care{background:var(--care-bg)}
.note.stop{background:var(--stop-bg)}
.secret{display:block;padding:.75rem 1rem;border-radius:.75rem;background:var(--page);border:1px solid var(--line);user-select:all}
code,.code{font:.9375em ui-monospace,Menlo,Consolas,monospace}
.code{font-size:1.75rem;letter-spacing:.12em;text-align:center}
.rows{display:grid}
.rows>li{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1rem;padding-block:.75rem;border-top:1px solid var(--line)}
.rows>li>:first-child{flex:1 1 12rem;min-width:0}
table{border-collapse:collapse;width:100%;font-size:.9375rem}
caption{text-align:start;color:var(--soft);font-size:.875rem;padding-block-end:.25rem}
th,td{text-align:start;vertical-align:top;padding:.5rem 0;border-top:1px solid var(--line);font-weight:400}
tr>*+*{padding-inline-start:.625rem}
thead th{border:0;font-weight:600;font-size:.8125rem}
thead th,.whole{overflow-wrap:break-word}
th a{display:inline-block;min-height:1.5rem}
a[aria-current]{background:var(--calm-bg);border-color:var(--calm);border-width:3px}
.tag{display:inline-block;padding:0 .5rem;border-radius:1rem;background:var(--calm-bg);color:var(--calm);font-size:.8125rem;font-weight:600}
footer{display:grid;gap:.75rem;justify-items:center;color:var(--soft);font-size:.8125rem}
footer dl{display:flex;flex-wrap:wrap;justify-content:center;gap:.25rem 1.5rem}
footer dl div{display:flex;flex-wrap:wrap;gap:0 .5rem;justify-content:center}
footer summary{min-height:1.5rem;cursor:pointer;text-align:center}
footer nav ul{display:flex;flex-wrap:wrap;justify-content:center;gap:.25rem}
footer nav a{display:inline-block;min-height:1.75rem;padding:.2rem .5rem}
.hush{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(prefers-reduced-motion:no-preference){.button{transition:background-color .15s,box-shadow .15s}}
@media(max-width:26rem){.card{padding:1.5rem 1.25rem;border-radius:1rem}body{padding:1rem .75rem}.do>*{flex-basis:100%}}
`

/** CSP source of `STYLE`: SHA-256 in base64. The style test recomputes it and prints the right one. */
export const STYLE_SOURCE = 'sha256-7gkO1qkqNhZaSzR7Pn61nYnJG6j68JKIOCyB87s9cLM='

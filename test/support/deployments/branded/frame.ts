const LOGO =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2 4 21h16z" fill="#d9622b" stroke="none"/><circle cx="12" cy="14" r="3" fill="#ffd7a8" stroke="none"/></svg>'

function around(inside: string): string {
  return `<!doctype html>
<html lang="{{language}}" dir="{{direction}}">
<head>{{head}}<title>{{title}}</title><style>{{style}}</style></head>
<body>
<header><img src="{{asset:crest.png}}" alt="Crest of the Isle" width="8" height="8"><a href="{{home}}">${LOGO} {{brand}}</a></header>
<main>${inside}{{more}}</main>
<footer><p dir="ltr"><code>{{code}}</code> <code>{{id}}</code></p><p>{{time}}</p><p><a href="/imprint">Imprint of the Isle</a></p></footer>
</body>
</html>
`
}

function card(first: string): string {
  return around(
    `<section class="card {{tone}}">${first}<h1 {{focus}}>{{heading}}</h1>{{body}}{{actions}}<small>{{viewer}}</small></section>`,
  )
}

/** Around every page. */
export const FRAME: string = card('')

/** Around the page where one chooses how to sign in. */
export const GATE: string = card('<p class="note">The gate of the Isle</p>')

/** Colors of the Isle, and a wave behind its pages. */
export const STYLE: string = ':root { --go: #7a1f5c; --go-ink: #fff }\nbody { background-image: url("wave.svg") }'
export const WAVE: string =
  '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><path d="M0 4h8" stroke="#ccc"/></svg>'
/** One pixel, PNG in base64. */
export const CREST: string =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

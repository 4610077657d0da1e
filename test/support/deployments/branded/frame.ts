const LOGO =
  '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2 4 21h16z" fill="#d9622b" stroke="none"/><circle cx="12" cy="14" r="3" fill="#ffd7a8" stroke="none"/></svg>'

function around(inside: string): string {
  return `<!doctype html>
<html lang="{{language}}" dir="{{direction}}">
<head>{{head}}<title>{{title}}</title><style>{{style}}</style></head>
<body>
<header><a href="{{home}}">${LOGO} {{brand}}</a></header>
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

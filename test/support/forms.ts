function plainText(html: string): string {
  return html
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** One form of a page: where it goes, its fields, its HTML. */
export interface Form {
  readonly action: string
  readonly fields: URLSearchParams
  readonly html: string
}

/** The forms of a page. */
export function formsOf(html: string): readonly Form[] {
  return [...html.matchAll(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)].map(
    ([, action = '', inner = '']) => {
      const fields = new URLSearchParams()
      for (const [tag] of inner.matchAll(/<(?:input|button)[^>]*>/g)) {
        const name = /name="([^"]*)"/.exec(tag)?.[1]
        if (name !== undefined) fields.set(plainText(name), plainText(/value="([^"]*)"/.exec(tag)?.[1] ?? ''))
      }
      return { action: plainText(action), fields, html: inner }
    },
  )
}

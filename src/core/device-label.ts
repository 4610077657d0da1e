const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\b(OPR|Opera)\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b((Headless)?Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(iPhone|iPad|iPod)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\b(Macintosh|Mac OS X)\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

function first(userAgent: string, names: readonly (readonly [RegExp, string])[]): string | null {
  return names.find(([shape]) => shape.test(userAgent))?.[1] ?? null
}

/** What a player calls a device, from its user agent: display only; null when nothing is recognized. */
export function deviceLabel(userAgent: string): string | null {
  const known = [first(userAgent, BROWSERS), first(userAgent, SYSTEMS)].filter((name) => name !== null)
  return known.length === 0 ? null : known.join(' · ')
}

/**
 * One spelling for all that services take for the same name: in whatever letter case, the long s, both sharp s, the Kelvin
 * sign and both the dotted and the dotless I of Turkish included, cut at a NUL, and without halves of characters.
 */
export function foldedName(name: string): string {
  const nul = name.indexOf('\0')
  const whole = nul === -1 ? name : name.slice(0, nul)
  return whole
    .replace(/\p{Cs}/gu, '')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .replaceAll('i\u0307', 'i')
}

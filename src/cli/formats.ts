import { visible } from '../core/visible.ts'
import type { Finding } from './findings.ts'
import type { Io } from './io.ts'

/** One JSON document, for programs. */
export function printJson(io: Io, value: unknown): void {
  io.out(JSON.stringify(value, null, 2))
}

function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** Findings as workflow commands, which GitHub shows beside the lines of a pull request. */
export function printGithub(io: Io, findings: readonly Finding[]): void {
  for (const { file, line, column, code, severity, message, hint } of findings) {
    const place = line === null ? '' : `,line=${line}${column === null ? '' : `,col=${column}`}`
    const text = hint === null ? message : `${message}; ${hint}`
    io.out(
      `::${severity} file=${escapeProperty(file)}${place},title=${escapeProperty(code)}::${escapeData(text.split('\n').map(visible).join('\n'))}`,
    )
  }
}

/** Text between XML tags or inside quotes; characters XML cannot hold are left out. */
export function escapeXml(text: string): string {
  const held = text.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
  return held.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** Rows as a table: columns as wide as their widest cell, two blanks between, no blanks at the end. */
export function tableLines(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = []
  for (const row of rows)
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, cell.length)
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

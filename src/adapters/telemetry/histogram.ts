/** Upper bounds in seconds: those that OpenTelemetry names for the duration of HTTP requests, rounded to what Prometheus users know. */
const BOUNDS: readonly number[] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

interface Distribution {
  /** How many fell below each bound and above the one before; one more for what is above all. */
  readonly counts: number[]
  sum: number
}

/**
 * Durations by one label, as a Prometheus histogram. The label must be of a closed set, such as configured names.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ (histograms are cumulative)
 */
export class Histogram {
  readonly #name: string
  readonly #help: string
  readonly #label: string
  readonly #series = new Map<string, Distribution>()

  constructor(name: string, help: string, label: string) {
    this.#name = name
    this.#help = help
    this.#label = label
  }

  /** Adds one duration, in seconds. */
  add(value: string, seconds: number): void {
    const series = this.#series.get(value) ?? this.#open(value)
    const at = BOUNDS.findIndex((bound) => seconds <= bound)
    const index = at === -1 ? BOUNDS.length : at
    series.counts[index] = (series.counts[index] ?? 0) + 1
    series.sum += seconds
  }

  #open(value: string): Distribution {
    const series = { counts: [...BOUNDS, 0].map(() => 0), sum: 0 }
    this.#series.set(value, series)
    return series
  }

  /** All series as text, each line ended. */
  text(): string {
    const series = [...this.#series].sort(([a], [b]) => (a < b ? -1 : 1))
    const lines = series.flatMap(([value, { counts, sum }]) => {
      const label = `${this.#label}="${value}"`
      let below = 0
      const buckets = counts.map((count, index) => {
        below += count
        return `${this.#name}_bucket{${label},le="${BOUNDS[index] ?? '+Inf'}"} ${below}\n`
      })
      const rounded = Math.round(sum * 1e6) / 1e6
      return [...buckets, `${this.#name}_sum{${label}} ${rounded}\n`, `${this.#name}_count{${label}} ${below}\n`]
    })
    return `# HELP ${this.#name} ${this.#help}\n# TYPE ${this.#name} histogram\n${lines.join('')}`
  }
}
